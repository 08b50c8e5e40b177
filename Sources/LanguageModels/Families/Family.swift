import Checkpoints
import Formats
import Foundation

/// A family of language models: how its `config.json` becomes blocks.
protocol Family {
  /// Its names in `model_type`.
  static var types: [String] { get }
  /// What `architectures` starts with, in files that predate `model_type`.
  static var architectures: [String] { get }
  /// What the names of the body's tensors start with, the usual one first, and then what else files have instead.
  static var roots: [String] { get }
  /// The word table, with the usual root.
  static var words: String { get }
  /// Every name that the word table may have.
  static var tables: [String] { get }
  static var isCausal: Bool { get }
  /// Whether a decoder of its own answers after the text was read.
  static var answersByDecoder: Bool { get }
  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition
}

extension Family {
  static var architectures: [String] { [] }
  static var isCausal: Bool { true }
  static var answersByDecoder: Bool { false }

  static var tables: [String] { TensorNames(roots).variants(words) }
}

enum Families {
  static var all: [any Family.Type] {
    [
      Bert.self, Roberta.self, Albert.self, DistilBert.self, Electra.self, GPT2.self, Llama.self,
      Mistral.self,
      Qwen2.self, Qwen3.self, Gemma.self, Gemma2.self, Gemma3.self, OLMo2.self, Phi3.self, GPTNeoX.self,
      OPT.self, ModernBert.self, T5.self,
    ]
  }

  /// Those that could be, but would answer at random; with the reason.
  private static let notRun: [String: String] = {
    let deberta =
      "the published heads were trained with a decoder of their own, which transformers leaves out (its issue 18143), "
      + "or are not in the checkpoint (version 3)"
    return ["deberta": deberta, "deberta-v2": deberta]
  }()

  /// By `model_type`, or by `architectures` in files that predate it.
  static func find(_ json: JSON, file: URL) throws(CheckpointError) -> any Family.Type {
    let known = all.flatMap { $0.types }.joined(separator: ", ")
    if let type = json["model_type"]?.string {
      guard let family = all.first(where: { $0.types.contains(type) }) else {
        if let reason = notRun[type] {
          throw CheckpointError(
            file: file, item: "model_type", "\(type) is not run: \(reason)",
            hint: "Prompts can be carried to it with transfer")
        }
        throw CheckpointError(
          file: file, item: "model_type", "\(type) is not supported", hint: "Known: \(known)")
      }
      return family
    }
    let architecture = json["architectures"]?.array?.first?.string ?? ""
    guard let family = all.first(where: { $0.architectures.contains { architecture.hasPrefix($0) } }) else {
      throw CheckpointError(file: file, item: "model_type", "is missing", hint: "Known: \(known)")
    }
    return family
  }
}

/// The names under which files keep a tensor.
struct TensorNames: Sendable {
  private let roots: [String]

  /// - Parameter roots: what names of the body start with, the usual one first
  init(_ roots: [String]) { self.roots = roots }

  /// - Parameter name: with the usual root, if it is of the body
  func variants(_ name: String) -> [String] {
    if name.hasPrefix(roots[0]) {
      let rest = name.dropFirst(roots[0].count)
      return roots.map { $0 + rest }
    }
    return ["", "base_model.model.", "module.", "language_model."].map { $0 + name }
  }
}
