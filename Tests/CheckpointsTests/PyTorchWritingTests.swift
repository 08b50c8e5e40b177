import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// What is written as `torch.save` does it, against files of PyTorch (scripts/goldens/serving.py).
@Suite struct PyTorchWritingTests {
  static let folder = Fixtures.folder.appending(path: "serving")
  static let wide = Matrix(rows: 1, columns: 300, (0..<300).map(Float.init))

  private static func matrix(_ name: String) -> Matrix { name == "grid" ? NumPyFileTests.grid : wide }

  /// Theirs and ours are the same matrix to our reader.
  @Test(arguments: ["grid", "wide"]) func readsBack(_ name: String) throws {
    let folder = try TemporaryFolder()
    let ours = try folder.write(PyTorchFile.serialize(Self.matrix(name)), to: "\(name).pt")
    for url in [ours, Self.folder.appending(path: "\(name).pt")] {
      let file = try PyTorchFile(url)
      let entry = try #require(file.entry("tensor"))
      #expect(try file.entries.count == 1 && file.matrix(entry) == Self.matrix(name))
    }
  }

  /// The pickle is PyTorch's, byte for byte but for stores of what is never recalled.
  @Test(arguments: ["grid", "wide"]) func picklesAsPyTorchDoes(_ name: String) throws {
    let bytes = PyTorchFile.serialize(Self.matrix(name))
    let pickle = try Data(contentsOf: Self.folder.appending(path: "\(name).pkl"))
    #expect(bytes.range(of: pickle) != nil)
    // The same input, the same bytes.
    #expect(bytes == PyTorchFile.serialize(Self.matrix(name)))
  }

  @Test(arguments: [1, 31, 60, 200]) func checksumsFindDamage(_ place: Int) throws {
    let folder = try TemporaryFolder()
    var bytes = PyTorchFile.serialize(NumPyFileTests.grid)
    bytes[place] ^= 0xFF
    let url = try folder.write(bytes, to: "a.pt")
    #expect(throws: CheckpointError.self) { try PyTorchFile(url) }
  }

  @Test func aBatchOfOneIsNumPys() throws {
    let theirs = try Data(contentsOf: Self.folder.appending(path: "table.npy"))
    #expect(NumPyFile.serialize(NumPyFileTests.grid, isBatch: true) == theirs)
  }
}
