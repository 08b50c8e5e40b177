import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Checkpoints whose weights are PyTorch's own files.
@Suite struct PyTorchCheckpointTests {
  let fixtures = Fixtures.folder.appending(path: "pytorch")

  @Test func shards() throws {
    let checkpoint = try Checkpoint(folder: fixtures.appending(path: "sharded"))
    let values = try SafetensorsFile(fixtures.appending(path: "values.safetensors"))
    #expect(checkpoint.tensorNames == ["0.bias", "0.weight", "1.bias", "1.weight", "2.weight"])
    for name in checkpoint.tensorNames {
      let value = try #require(values.entry("sharded:\(name)"))
      let (rows, columns) = (value.shape.dropLast().reduce(1, *), value.shape.last ?? 1)
      #expect(
        try checkpoint.matrix(name, rows: rows, columns: columns)
          == values.matrix(value, rows: rows, columns: columns))
    }
  }

  @Test func aShardThatIsNotWantedNeedNotBeThere() throws {
    let folder = try TemporaryFolder()
    let copy = try folder.copy(fixtures.appending(path: "sharded"))
    try FileManager.default.removeItem(at: copy.appending(path: "pytorch_model-00002-of-00002.bin"))
    #expect(throws: CheckpointError.self) { try Checkpoint(folder: copy) }
    let checkpoint = try Checkpoint(folder: copy) { Set($0.filter { $0.hasPrefix("0.") }) }
    #expect(checkpoint.tensorNames == ["0.bias", "0.weight", "1.weight"])
  }

  @Test func oneFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("{}", to: "config.json")
    try folder.write(Data(contentsOf: fixtures.appending(path: "views.bin")), to: "pytorch_model.bin")
    let checkpoint = try Checkpoint(folder: folder.url)
    let table = try checkpoint.matrix("table", rows: 6, columns: 4)
    #expect(try checkpoint.matrix("transposed", rows: 4, columns: 6) == table.transposed())
    let stored = try #require(try checkpoint.stored("transposed"))
    #expect(stored.gathering([3, 0]) == table.transposed().gathering([3, 0]))
  }

  @Test func safetensorsComeFirst() throws {
    let folder = try TemporaryFolder()
    try folder.write("{}", to: "config.json")
    try folder.write("no weights", to: "pytorch_model.bin")
    #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.url) }
    try folder.write(RawSafetensors.file([("t", "F32", [1], [0, 0, 0, 0])]), to: "model.safetensors")
    #expect(try Checkpoint(folder: folder.url).tensorNames == ["t"])
  }
}
