import ArgumentParser
import Checkpoints
import Foundation
import Tensors

/// Writes a checkpoint of BERT-base's shape with random weights: speed does not depend on what a model knows.
struct MakeCheckpoint: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "checkpoint")

  @Argument(help: "The folder to write.") var folder: String
  @Option(help: "A vocabulary, filled up with unused tokens.") var vocabulary: String
  @Option var layers = 12
  @Option var width = 768
  @Option var heads = 12
  @Option var rows = 28996

  func run() throws {
    let folder = URL(fileURLWithPath: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ text: String, to name: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    let known = try String(contentsOfFile: vocabulary, encoding: .utf8).split(separator: "\n").map(
      String.init)
    let words = known + (known.count..<rows).map { "[unused\($0)]" }
    try write(words.joined(separator: "\n") + "\n", to: "vocab.txt")
    try write(#"{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}"#, to: "tokenizer_config.json")
    try write(
      """
      {"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": \(rows), "hidden_size": \(width),
       "num_hidden_layers": \(layers), "num_attention_heads": \(heads), "intermediate_size": \(4 * width),
       "hidden_act": "gelu", "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
       "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "pad_token_id": 0}
      """, to: "config.json")
    let tensors = tensors()
    let vectors = tensors.keys.filter { $0.hasSuffix(".bias") || $0.hasSuffix("LayerNorm.weight") }
    try SafetensorsFile.serialize(tensors, vectors: Set(vectors), metadata: ["format": "pt"])
      .write(to: folder.appendingPathComponent("model.safetensors"))
  }

  private func tensors() -> [String: Matrix] {
    var random = RandomStream(seed: 0, name: "bench.weights")
    var tensors: [String: Matrix] = [:]
    // Uniform with the deviation of BERT's initialisation.
    func add(_ name: String, _ rows: Int, _ columns: Int) {
      let reach = 0.02 * 3.0.squareRoot()
      tensors[name] = Matrix(
        rows: rows, columns: columns,
        (0..<rows * columns).map { _ in Float((2 * random.uniform() - 1) * reach) })
    }
    func addLinear(_ name: String, _ outputs: Int, _ inputs: Int) {
      add("\(name).weight", outputs, inputs)
      tensors["\(name).bias"] = Matrix(rows: 1, columns: outputs)
    }
    func addNorm(_ name: String) {
      tensors["\(name).weight"] = Matrix(rows: 1, columns: width, repeatElement(1, count: width))
      tensors["\(name).bias"] = Matrix(rows: 1, columns: width)
    }
    add("bert.embeddings.word_embeddings.weight", rows, width)
    add("bert.embeddings.position_embeddings.weight", 512, width)
    add("bert.embeddings.token_type_embeddings.weight", 2, width)
    addNorm("bert.embeddings.LayerNorm")
    for layer in 0..<layers {
      let prefix = "bert.encoder.layer.\(layer)"
      for part in ["query", "key", "value"] { addLinear("\(prefix).attention.self.\(part)", width, width) }
      addLinear("\(prefix).attention.output.dense", width, width)
      addNorm("\(prefix).attention.output.LayerNorm")
      addLinear("\(prefix).intermediate.dense", 4 * width, width)
      addLinear("\(prefix).output.dense", width, 4 * width)
      addNorm("\(prefix).output.LayerNorm")
    }
    addLinear("cls.predictions.transform.dense", width, width)
    addNorm("cls.predictions.transform.LayerNorm")
    tensors["cls.predictions.bias"] = Matrix(rows: 1, columns: rows)
    return tensors
  }
}
