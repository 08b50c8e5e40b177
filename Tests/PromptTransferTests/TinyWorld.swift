import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import TestSupport

/// Random models with a vocabulary of a few words, and facts that use them.
struct TinyWorld {
  static let words = [
    "paris", "rome", "oslo", "france", "italy", "norway", "is", "the", "capital", "of", ".",
  ]
  static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a BERT with this world's words, and `extra` more, and returns its folder.
  func write(
    _ name: String, width: Int = 8, seed: UInt64 = 1, extra: [String] = [], positions: Int = 24
  ) throws -> URL {
    let vocabulary = Self.special + Self.words + extra
    let checkpoint = TinyCheckpoint(
      width: width, vocabulary: vocabulary.count, positions: positions, seed: seed)
    let url = try checkpoint.write(to: folder.url.appending(path: name))
    try folder.write(vocabulary.joined(separator: "\n") + "\n", to: "\(name)/vocab.txt")
    try folder.write(
      #"{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}"#, to: "\(name)/tokenizer_config.json")
    return url
  }

  func model(
    _ name: String, width: Int = 8, seed: UInt64 = 1, extra: [String] = [], positions: Int = 24
  ) throws -> LanguageModel {
    try LanguageModel(folder: write(name, width: width, seed: seed, extra: extra, positions: positions))
  }

  static let facts = [("france", "paris"), ("italy", "rome"), ("norway", "oslo")]
    .map { Example(relation: "capital", subject: $0.0, object: $0.1) }

  static func evaluator(_ model: LanguageModel, threads: Int = 1) throws -> Evaluator {
    Evaluator(
      model: model, candidates: try CandidateVocabulary(words, tokenizer: model.tokenizer),
      parallelism: Parallelism(threads: threads))
  }

  /// A prompt for the model, random but always the same.
  static func prompt(_ model: LanguageModel, vectors: Int = 3, seed: UInt64 = 7) -> SoftPrompt {
    SoftPrompt(
      vectors: Samples.matrix(
        vectors, model.network.configuration.width, seed: seed, "prompt", deviation: 0.5),
      template: .vectors(vectors), modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint)
  }
}

/// The cosine of two rows.
func cosine(_ a: Matrix, _ b: Matrix, row: Int) -> Double {
  let (x, y) = (
    a.wide[row * a.columns..<(row + 1) * a.columns], b.wide[row * b.columns..<(row + 1) * b.columns]
  )
  let dot = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  let squares = x.reduce(0) { $0 + $1 * $1 } * y.reduce(0) { $0 + $1 * $1 }
  return dot / squares.squareRoot()
}

/// A prompt on one of the models that it is carried from.
struct Source {
  let space: EmbeddingSpace
  let prompt: SoftPrompt
  var weight: Float = 1
}

/// Fits a transfer and carries one prompt of each source.
func carry(
  _ sources: [Source], to target: EmbeddingSpace, _ method: any TransferMethod,
  _ rule: NormalizationRule? = nil, list: [String]? = nil, seed: UInt64 = 0, threads: Int = 2
) throws -> FittedTransfer.Outcome {
  try Transfer(
    try SharedVocabulary(sources: sources.map(\.space), target: target, list: list), method: method,
    normalization: rule, seed: seed, parallelism: Parallelism(threads: threads)
  ).fit().carry(sources.map(\.prompt), weights: sources.map(\.weight))
}
