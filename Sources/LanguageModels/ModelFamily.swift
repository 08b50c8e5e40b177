import Checkpoints
import Formats
import Foundation

/// A family of language models whose forward and backward are known: by the name `config.json` gives it.
public enum ModelFamily: String, Sendable, CaseIterable {
  case bert
  case roberta
  case xlmRoberta = "xlm-roberta"
  case camembert
  case albert
  case distilbert
  case electra
  case gpt2

  /// From `model_type`, or from `architectures` in files that predate it.
  init(configuration: JSON, file: URL) throws(CheckpointError) {
    let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
    if let type = configuration["model_type"]?.string {
      guard let family = ModelFamily(rawValue: type) else {
        throw CheckpointError(
          file: file, item: "model_type", "\(type) is not supported", hint: "Known: \(known)")
      }
      self = family
      return
    }
    let architecture = configuration["architectures"]?.array?.first?.string ?? ""
    let starts: [(String, ModelFamily)] = [
      ("XLMRoberta", .xlmRoberta), ("Camembert", .camembert), ("Roberta", .roberta), ("Bert", .bert),
      ("Albert", .albert), ("DistilBert", .distilbert), ("Electra", .electra), ("GPT2", .gpt2),
    ]
    guard let family = starts.first(where: { architecture.hasPrefix($0.0) })?.1 else {
      throw CheckpointError(file: file, item: "model_type", "is missing", hint: "Known: \(known)")
    }
    self = family
  }

  /// What is particular to the family.
  var architecture: Architecture {
    switch self {
    case .bert: .bert
    case .roberta, .xlmRoberta, .camembert: .roberta
    case .albert: .albert
    case .distilbert: .distilbert
    case .electra: .electra
    case .gpt2: .gpt2
    }
  }

  /// Whether a token sees only what came before it, and the model's answer is the next token.
  public var isCausal: Bool { architecture.isCausal }
}
