import Checkpoints
import Formats
import Foundation
import Tensors

extension Checkpoint {
  /// Writes the checkpoint into a folder, `config.json` and `model.safetensors`, with `rows` as the words from `first` on.
  ///
  /// The rows go into the embedding table and into output matrices of its width, and zeros into others, so that what was
  /// tied stays tied. Their output bias is `VocabularyTensors.bias`, where there is one: they are no answers.
  package func write(
    into folder: URL, words rows: Matrix, from first: Int, table: EmbeddingTable
  ) throws(CheckpointError) {
    var replacements: [String: ReplacedRows] = [:]
    for name in tensorNames {
      guard let shape = shape(name), shape.first == table.rowCount else { continue }
      let isTable = name == table.name || EmbeddingNames.mayBeTable(name)
      if isTable || VocabularyTensors.isOutput(name), shape.count == 2 {
        let isOfItsWidth = shape[1] == rows.columns
        let added = isOfItsWidth ? rows : Matrix(rows: rows.rows, columns: shape[1])
        replacements[name] = ReplacedRows(added, from: first)
      } else if VocabularyTensors.isBias(name), shape.count == 1 {
        let biases = Matrix(
          rows: rows.rows, columns: 1, repeatElement(VocabularyTensors.bias, count: rows.rows))
        replacements[name] = ReplacedRows(biases, from: first)
      }
    }
    try write(to: folder.appendingPathComponent("model.safetensors"), replacing: replacements)
    let count = JSON.integer(max(table.rowCount, first + rows.rows))
    var fields = configuration
    // A nested configuration may leave out the number that it has by default: the new one has to be said.
    let text = fields["text_config"].flatMap { $0.members == nil ? nil : $0 }
    if let text { fields = fields.setting("text_config", to: text.setting("vocab_size", to: count)) }
    if text == nil || fields["vocab_size"] != nil { fields = fields.setting("vocab_size", to: count) }
    try AtomicFile.write(fields.text, to: folder.appendingPathComponent("config.json"))
  }
}

/// Which tensors besides the embedding table have a row for each word.
private enum VocabularyTensors {
  /// Low enough to take no part in a softmax, and a number of F16.
  static let bias: Float = -1e4

  private static let outputs = ["decoder", "lm_head", "vocab_projector", "embed_out"]

  static func isOutput(_ name: String) -> Bool { outputs.contains { name.hasSuffix("\($0).weight") } }

  static func isBias(_ name: String) -> Bool {
    (outputs + ["predictions"]).contains { name.hasSuffix("\($0).bias") }
  }
}
