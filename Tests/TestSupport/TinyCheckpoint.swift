import Checkpoints
import Foundation
import Tensors

/// A random masked language model, small enough to make anew for each test. Change `configuration` or `tensors`
/// before `write` to make one that is damaged or named otherwise.
package struct TinyCheckpoint {
  package enum Family: String, Sendable { case bert, roberta }

  /// The members of `config.json`, values as JSON text.
  package var configuration: [String: String]
  package var tensors: [String: Matrix]

  package init(
    _ family: Family = .bert, width: Int = 8, layers: Int = 2, heads: Int = 2, inner: Int = 12,
    vocabulary: Int = 17, positions: Int = 12, seed: UInt64 = 1
  ) {
    configuration = [
      "model_type": "\"\(family.rawValue)\"", "hidden_size": "\(width)", "num_hidden_layers": "\(layers)",
      "num_attention_heads": "\(heads)", "intermediate_size": "\(inner)", "vocab_size": "\(vocabulary)",
      "max_position_embeddings": "\(positions)", "type_vocab_size": "2", "layer_norm_eps": "1e-5",
      "hidden_act": "\"gelu\"", "pad_token_id": family == .bert ? "0" : "1",
    ]
    tensors = [:]
    let root = family.rawValue
    add("\(root).embeddings.word_embeddings.weight", vocabulary, width, seed)
    add("\(root).embeddings.position_embeddings.weight", positions, width, seed)
    add("\(root).embeddings.token_type_embeddings.weight", 2, width, seed)
    addNorm("\(root).embeddings.LayerNorm", width, seed)
    for layer in 0..<layers {
      let place = "\(root).encoder.layer.\(layer)"
      for part in ["self.query", "self.key", "self.value", "output.dense"] {
        addLinear("\(place).attention.\(part)", width, width, seed)
      }
      addNorm("\(place).attention.output.LayerNorm", width, seed)
      addLinear("\(place).intermediate.dense", inner, width, seed)
      addLinear("\(place).output.dense", width, inner, seed)
      addNorm("\(place).output.LayerNorm", width, seed)
    }
    let head = family == .bert ? "cls.predictions.transform." : "lm_head."
    addLinear(head + "dense", width, width, seed)
    addNorm(head + (family == .bert ? "LayerNorm" : "layer_norm"), width, seed)
    add(family == .bert ? "cls.predictions.bias" : "lm_head.bias", 1, vocabulary, seed)
  }

  /// Writes `config.json` and `model.safetensors` and returns the folder.
  @discardableResult
  package func write(to folder: URL) throws -> URL {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(configurationText.utf8).write(to: folder.appending(path: "config.json"))
    let vectors = tensors.filter { name, matrix in
      matrix.rows == 1
        && (name.hasSuffix("bias") || name.hasSuffix("beta") || name.lowercased().contains("norm"))
    }.keys
    try SafetensorsFile.serialize(tensors, vectors: Set(vectors), metadata: ["format": "pt"])
      .write(to: folder.appending(path: "model.safetensors"))
    return folder
  }

  package var configurationText: String {
    let members = configuration.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
    return "{\n" + members.joined(separator: ",\n") + "\n}\n"
  }

  /// Gives every tensor the name that `change` makes of its own.
  package mutating func rename(_ change: (String) -> String) {
    tensors = Dictionary(uniqueKeysWithValues: tensors.map { (change($0.key), $0.value) })
  }

  private mutating func add(
    _ name: String, _ rows: Int, _ columns: Int, _ seed: UInt64, mean: Double = 0, deviation: Double = 0.3
  ) {
    var stream = RandomStream(seed: seed, name: name)
    tensors[name] = stream.normalMatrix(rows: rows, columns: columns, mean: mean, deviation: deviation)
  }

  private mutating func addLinear(_ name: String, _ outputs: Int, _ inputs: Int, _ seed: UInt64) {
    add("\(name).weight", outputs, inputs, seed)
    add("\(name).bias", 1, outputs, seed)
  }

  private mutating func addNorm(_ name: String, _ width: Int, _ seed: UInt64) {
    add("\(name).weight", 1, width, seed, mean: 1, deviation: 0.2)
    add("\(name).bias", 1, width, seed, deviation: 0.2)
  }
}
