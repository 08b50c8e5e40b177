import Formats
import Foundation

/// How a model answers.
public enum ModelKind: String, Sendable {
  /// At a mask in the text.
  case masked
  /// With the next token.
  case causal
  /// With a decoder of its own, after an encoder has read the text.
  case sequenceToSequence

  /// From `config.json`.
  init(_ configuration: JSON, folder: URL) {
    let type = configuration["model_type"]?.string ?? ""
    let family = EmbeddingNames.family(configuration, folder)
    if configuration["is_encoder_decoder"]?.bool ?? family?.answersByDecoder
      ?? EmbeddingNames.isEncoderDecoder(type)
    {
      self = .sequenceToSequence
    } else if let family {
      self = family.isCausal ? .causal : .masked
    } else {
      let architecture = configuration["architectures"]?.array?.first?.string ?? ""
      self = architecture.hasSuffix("ForMaskedLM") ? .masked : .causal
    }
  }
}
