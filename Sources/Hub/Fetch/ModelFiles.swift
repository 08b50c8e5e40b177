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

  /// Throws where something that every model needs is not there. A GGUF file is all of its model.
  init(among names: Set<String>, of id: HubID) throws(HubError) {
    let subject = "\(id)"
    if let file = id.file {
      guard names.contains(file) else {
        let others = names.filter { $0.lowercased().hasSuffix(".gguf") }.sorted().joined(separator: ", ")
        throw HubError(
          .unsuitable, subject, "is no file of the repository",
          hint: others.isEmpty ? "It holds no GGUF file" : "It holds \(others)")
      }
      (small, weights) = ([], file)
      return
    }
    guard names.contains("config.json") else {
      throw HubError(
        .unsuitable, subject, "has no config.json",
        hint: Self.ggufHint(names, id) ?? "It is no repository of a transformers model")
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
        hint: Self.ggufHint(names, id) ?? "Other formats (TensorFlow, Flax) are not read")
    }
    small = Set(tokenizer + ["config.json"]).sorted()
    self.weights = weights
  }

  /// How to name a GGUF file of the repository, where it has some.
  private static func ggufHint(_ names: Set<String>, _ id: HubID) -> String? {
    names.filter { $0.lowercased().hasSuffix(".gguf") }.min().map {
      "A GGUF file of it can be named: hf:\(id.repository)/\($0)"
    }
  }

  var isSharded: Bool { weights.hasSuffix(".index.json") }
  var isSafetensors: Bool { weights.hasPrefix("model.safetensors") }

  /// The shards that an index in this folder names: all, or those that may hold the embedding table.
  func shards(in folder: URL, for part: HubPart) throws -> [String] {
    guard isSharded else { return [] }
    let map = try Checkpoint.weightMap(folder.appending(path: weights))
    let wanted = part == .model ? Set(map.keys) : EmbeddingNames.mayBeTables(among: Array(map.keys))
    // An index may leave out what is tied: then any shard may hold it.
    return Set(map.filter { wanted.isEmpty || wanted.contains($0.key) }.values).sorted()
  }
}
