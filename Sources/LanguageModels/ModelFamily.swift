import Checkpoints
import Foundation
import Tensors

/// A family of masked language models: what differs between them is names and a few switches.
public enum ModelFamily: String, Sendable, CaseIterable {
  case bert
  case roberta

  /// From `model_type`, or from `architectures` in files that predate it.
  init(configuration: JSON, file: URL) throws(CheckpointError) {
    let architecture = configuration["architectures"]?.array?.first?.string ?? ""
    let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
    if let type = configuration["model_type"]?.string {
      guard let family = ModelFamily(rawValue: type) else {
        throw CheckpointError(
          file: file, item: "model_type", "\(type) is not supported", hint: "Known: \(known)")
      }
      self = family
    } else if architecture.hasPrefix("Roberta") {
      self = .roberta
    } else if architecture.hasPrefix("Bert") {
      self = .bert
    } else {
      throw CheckpointError(file: file, item: "model_type", "is missing", hint: "Known: \(known)")
    }
  }

  /// RoBERTa numbers its positions from `pad_token_id + 1`.
  var positionsFollowPadding: Bool { self == .roberta }

  /// The head's activation: RoBERTa's is always GELU (transformers, `RobertaLMHead`), BERT's is the configuration's.
  func headActivation(_ configuration: ModelConfiguration) -> ActivationFunction {
    self == .roberta ? .gelu : configuration.activation
  }

  /// The prefixes under which the encoder's tensors may be stored.
  var encoderPrefixes: [String] {
    ["\(rawValue).", "", "base_model.model.\(rawValue).", "module.\(rawValue)."]
  }

  /// The same for the head's.
  var headPrefixes: [String] { ["", "base_model.model.", "module."] }

  /// The names of the head's parts.
  var head: (dense: String, layerNorm: String, bias: String, decoder: String) {
    switch self {
    case .bert:
      let root = "cls.predictions"
      return ("\(root).transform.dense", "\(root).transform.LayerNorm", "\(root).bias", "\(root).decoder")
    case .roberta:
      return ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "lm_head.decoder")
    }
  }
}
