import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// Weights that stay in their file give, piece by piece, what reading all of them gives.
@Suite struct MappedWeightTests {
  /// In BF16, so that they stay, in every layout that GGUF files have.
  @Test(arguments: ["bert", "gemma3", "gpt2", "gptneox", "llama", "olmo2", "phi3"])
  func ofGGUF(_ name: String) throws {
    let folder = try TemporaryFolder()
    let model = Fixtures.folder.appending(path: "gguf/\(name)/model.gguf")
    let file = try folder.write(NarrowGGUF.bytes(model), to: "model.gguf")
    #expect(try expectSame(Checkpoint(folder: file)) > 5)
    #expect(try expectSame(Checkpoint(folder: model)) == 0)
  }

  @Test(arguments: [("llama-grouped", 0), ("gemma3-odd", 22)])
  func ofFolders(_ name: String, _ count: Int) throws {
    #expect(try expectSame(Checkpoint(folder: Fixtures.model(name))) == count)
  }

  @Test func ofEveryType() throws {
    let file = try GGUFFile(Fixtures.folder.appending(path: "gguf/types.gguf"))
    var types: Set<String> = []
    for entry in file.entries where entry.type?.isReadable == true && entry.shape == [3, 512] {
      guard let stored = file.weight(entry, rows: 3, columns: 512) else { continue }
      types.insert(entry.typeName)
      try expectSame(.stored(stored.weight), file.matrix(entry, rows: 3, columns: 512), entry.name)
    }
    #expect(types.count == 14 && !types.contains("F32"))
  }

  /// Returns how many stay.
  private func expectSame(_ checkpoint: Checkpoint) throws -> Int {
    var count = 0
    for name in checkpoint.tensorNames {
      let shape = try #require(checkpoint.shape(name))
      guard shape.count == 2 else { continue }
      let (weight, isTransposed) = try checkpoint.weight(name, rows: shape[0], columns: shape[1])
      let matrix = try checkpoint.matrix(name, rows: shape[0], columns: shape[1])
      expectSame(weight, isTransposed ? matrix.transposed() : matrix, name)
      if case .stored = weight { count += 1 }
    }
    return count
  }

  private func expectSame(_ weight: FrozenWeight, _ expected: Matrix, _ name: String) {
    #expect(weight.rows == expected.rows && weight.columns == expected.columns)
    func bits(_ row: some Sequence<Float>) -> [UInt32] { row.map(\.bitPattern) }
    var row = [Float](repeating: -1, count: weight.columns)
    for index in 0..<weight.rows {
      weight.copy(row: index, to: &row)
      #expect(bits(row) == bits(expected.row(index)), "\(name), row \(index)")
    }
    guard case .stored(let stored) = weight else { return }
    for first in stride(from: 0, to: weight.columns, by: stored.blockLength) {
      let part = first..<min(weight.columns, first + stored.blockLength)
      stored.widen(row: weight.rows - 1, columns: part, to: &row)
      #expect(
        bits(row.prefix(part.count)) == bits(expected.row(weight.rows - 1)[part]), "\(name), columns \(part)")
    }
  }
}
