import Checkpoints
import Foundation
import LanguageModels
import Tokenization

/// Which files of a repository, or of a folder that holds some of them, a model is opened from.
struct ModelFiles {
  /// The configuration and the tokenizer's.
  let small: [String]
  /// The weights in one file, or the index of their shards.
  let weights: String

  /// Throws where something that every model needs is not there.
  init(among names: Set<String>, of subject: String) throws(HubError) {
    guard names.contains("config.json") else {
      throw HubError(
        .unsuitable, subject, "has no config.json", hint: "It is no repository of a transformers model")
    }
    let tokenizer = Tokenizer.files(among: names)
    guard !tokenizer.isEmpty else {
      throw HubError(
        .unsuitable, subject, "has no tokenizer's files",
        hint: "The original model's repository may have them")
    }
    guard let weights = Checkpoint.weightsFile(where: names.contains) else {
      throw HubError(
        .unsuitable, subject, "has neither safetensors nor PyTorch weights",
        hint: "Other formats (GGUF, TensorFlow, Flax) are not read")
    }
    small = Set(tokenizer + ["config.json"]).sorted()
    self.weights = weights
  }

  var isSharded: Bool { weights.hasSuffix(".index.json") }
  var isSafetensors: Bool { weights.hasPrefix("model.safetensors") }

  /// The shards that an index in this folder names: all, or those that may hold the embedding table.
  func shards(in folder: URL, for part: HubPart) throws -> [String] {
    guard isSharded else { return [] }
    let map = try Checkpoint.weightMap(folder.appending(path: weights))
    return Set(map.filter { part == .model || EmbeddingNames.mayBeTable($0.key) }.values).sorted()
  }
}
