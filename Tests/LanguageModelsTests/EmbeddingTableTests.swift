import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

@Suite struct EmbeddingTableTests {
  @Test(arguments: GoldenTests.cases)
  func oneTensorOfAModel(_ name: String) throws {
    let model = try FrozenModel(folder: Fixtures.model(name))
    let table = try EmbeddingTable(folder: Fixtures.model(name))
    #expect(table.fingerprint == model.embeddingTable.fingerprint && table.fingerprint.count == 64)
    #expect(table.name == model.embeddingTable.name && table.folder == model.folder)
    let all = table.rows(Array(0..<table.rowCount))
    #expect(all.columns == table.width && all.rows == model.configuration.vocabularySize)
    #expect(table.rows([5, 0, 5]) == all.gathering([5, 0, 5]))
    let values = all.wide
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    let moments = table.moments()
    expectClose(
      [moments.mean, moments.deviation], [mean, variance.squareRoot()], absolute: 1e-14, relative: 1e-12)
  }

  /// A large mean and a small deviation: a sum of squares in one pass would lose it.
  @Test func farFromZero() throws {
    let folder = try TemporaryFolder()
    var checkpoint = TinyCheckpoint()
    checkpoint.tensors["bert.embeddings.word_embeddings.weight"] = Matrix(
      rows: 17, columns: 8, (0..<136).map { $0 % 2 == 0 ? 4096 : 4096.5 })
    let table = try EmbeddingTable(folder: checkpoint.write(to: folder.url))
    #expect(table.moments() == (4096.25, 0.25))
  }

  /// Nothing but the table is needed, not even for its fingerprint, which is that of the bytes alone.
  @Test func theRestOfTheModelMayBeMissing() throws {
    let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
    let whole = TinyCheckpoint()
    var bare = whole
    bare.tensors = whole.tensors.filter { $0.key.contains("word_embeddings") }
    bare.rename { $0.replacing("bert.", with: "") }
    let (a, b) = (
      try EmbeddingTable(folder: whole.write(to: first.url)),
      try EmbeddingTable(folder: bare.write(to: second.url))
    )
    #expect(a.fingerprint == b.fingerprint && a.rows([3, 1]) == b.rows([3, 1]))
    var other = whole
    other.tensors["bert.embeddings.word_embeddings.weight"]?[16, 7] += 1e-3
    #expect(try EmbeddingTable(folder: other.write(to: first.url)).fingerprint != a.fingerprint)
  }

  @Test func noTable() throws {
    let folder = try TemporaryFolder()
    var checkpoint = TinyCheckpoint()
    checkpoint.tensors["bert.embeddings.word_embeddings.weight"] = nil
    let place = try checkpoint.write(to: folder.url)
    let error = try #require(throws: CheckpointError.self) { try EmbeddingTable(folder: place) }
    #expect(error.item == "bert.embeddings.word_embeddings.weight")
  }
}
