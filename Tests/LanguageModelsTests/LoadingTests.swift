import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

@Suite struct LoadingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(_ checkpoint: TinyCheckpoint) throws -> FrozenModel {
    let place = folder.url.appending(path: UUID().uuidString)
    return try FrozenModel(folder: checkpoint.write(to: place))
  }

  private func error(_ checkpoint: TinyCheckpoint) throws -> CheckpointError {
    try #require(throws: CheckpointError.self) { try model(checkpoint) }
  }

  private func logits(_ model: FrozenModel) -> Matrix {
    let input = PromptedInput(elements: [.token(3), .vector(0), .token(5)], readPosition: 2)
    let prompt = Matrix(rows: 1, columns: 8, (0..<8).map { Float($0) * 0.1 })
    return model.logits([input], prompt: prompt, candidates: model.allWords, Workspace())
  }

  struct Variant: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rename: @Sendable (String) -> String
  }

  static let variants = [
    Variant(testDescription: "no prefix") { $0.hasPrefix("bert.") ? String($0.dropFirst(5)) : $0 },
    Variant(testDescription: "module.") { "module.\($0)" },
    Variant(testDescription: "base_model.model.") { "base_model.model.\($0)" },
    Variant(testDescription: "gamma and beta") {
      $0.replacing("LayerNorm.weight", with: "LayerNorm.gamma").replacing(
        "LayerNorm.bias", with: "LayerNorm.beta")
    },
    Variant(testDescription: "module. with gamma and beta") {
      "module.\($0)".replacing("LayerNorm.weight", with: "LayerNorm.gamma")
        .replacing("LayerNorm.bias", with: "LayerNorm.beta")
    },
  ]

  @Test(arguments: variants)
  func namesVary(_ variant: Variant) throws {
    let plain = TinyCheckpoint()
    var renamed = plain
    renamed.rename(variant.rename)
    let (first, second) = (try model(plain), try model(renamed))
    #expect(logits(first) == logits(second))
    #expect(
      first.embeddingTable.fingerprint == second.embeddingTable.fingerprint && second.unusedTensors == [])
  }

  @Test func robertaNamesVary() throws {
    let plain = TinyCheckpoint(.roberta)
    var renamed = plain
    renamed.rename { $0.hasPrefix("roberta.") ? String($0.dropFirst(8)) : $0 }
    #expect(logits(try model(plain)) == logits(try model(renamed)))
  }

  @Test func strayTensorsAreListed() throws {
    var checkpoint = TinyCheckpoint()
    checkpoint.tensors["bert.pooler.dense.weight"] = Matrix(rows: 8, columns: 8)
    checkpoint.tensors["bert.embeddings.position_ids"] = Matrix(rows: 1, columns: 12)
    let model = try model(checkpoint)
    #expect(model.unusedTensors == ["bert.embeddings.position_ids", "bert.pooler.dense.weight"])
    #expect(logits(model) == logits(try self.model(TinyCheckpoint())))
  }

  /// A stored output matrix that equals the table changes nothing; one that differs is what counts, tied or not by the
  /// configuration, as transformers 5 has it.
  @Test func storedOutputMatrices() throws {
    var checkpoint = TinyCheckpoint()
    let plain = logits(try model(checkpoint))
    let table = try #require(checkpoint.tensors["bert.embeddings.word_embeddings.weight"])
    checkpoint.tensors["cls.predictions.decoder.weight"] = table
    #expect(logits(try model(checkpoint)) == plain)
    checkpoint.tensors["cls.predictions.decoder.weight"] = Samples.matrix(17, 8, "decoder")
    let own = logits(try model(checkpoint))
    #expect(own != plain)
    checkpoint.configuration["tie_word_embeddings"] = "false"
    #expect(logits(try model(checkpoint)) == own)
  }

  /// An output matrix of its own: its bias is the decoder's where there is one, else the head's.
  @Test func untiedModels() throws {
    var checkpoint = TinyCheckpoint()
    checkpoint.configuration["tie_word_embeddings"] = "false"
    #expect(try error(checkpoint).item == "cls.predictions.decoder.weight")
    checkpoint.tensors["cls.predictions.decoder.weight"] =
      checkpoint.tensors["bert.embeddings.word_embeddings.weight"]
    #expect(logits(try model(checkpoint)) == logits(try model(TinyCheckpoint())))
    checkpoint.tensors["cls.predictions.decoder.bias"] = Matrix(rows: 1, columns: 17)
    let moved = logits(try model(checkpoint))
    checkpoint.tensors["cls.predictions.bias"] = nil
    #expect(logits(try model(checkpoint)) == moved)
    #expect(moved != logits(try model(TinyCheckpoint())))
  }

  /// All or nothing: without any one of its tensors a model does not load, and the error names it.
  @Test(arguments: [TinyCheckpoint.Family.bert, .roberta])
  func everyTensorIsNeeded(_ family: TinyCheckpoint.Family) throws {
    let whole = TinyCheckpoint(family, layers: 1)
    #expect(whole.tensors.count == 26)
    for name in whole.tensors.keys {
      var checkpoint = whole
      checkpoint.tensors[name] = nil
      let error = try error(checkpoint)
      #expect(error.item == name && error.problem == "is not in the checkpoint", "\(error)")
    }
  }

  @Test(arguments: [TinyCheckpoint.Family.bert, .roberta])
  func everyShapeIsChecked(_ family: TinyCheckpoint.Family) throws {
    let whole = TinyCheckpoint(family, layers: 1)
    for (name, matrix) in whole.tensors {
      for (rows, columns) in [(matrix.rows + 1, matrix.columns), (matrix.rows, matrix.columns + 1)] {
        var checkpoint = whole
        checkpoint.tensors[name] = Matrix(rows: rows, columns: columns)
        let error = try error(checkpoint)
        let shape = rows == 1 ? [columns] : [rows, columns]
        #expect(error.item == name && error.problem.contains("has shape \(shape)"), "\(error)")
      }
    }
  }

  @Test func otherElementTypesAreRefused() throws {
    let place = try TinyCheckpoint().write(to: folder.url.appending(path: "m"))
    let data = RawSafetensors.file([
      ("bert.embeddings.word_embeddings.weight", "I64", [17, 8], [UInt8](repeating: 0, count: 17 * 8 * 8))
    ])
    try data.write(to: place.appending(path: "model.safetensors"))
    let error = try #require(throws: CheckpointError.self) { try FrozenModel(folder: place) }
    #expect(error.problem.contains("I64"))
  }

  @Test func aFolderThatIsNone() throws {
    let error = try #require(throws: CheckpointError.self) {
      try FrozenModel(folder: folder.url.appending(path: "none"))
    }
    #expect(error.problem.contains("is not there"))
  }
}
