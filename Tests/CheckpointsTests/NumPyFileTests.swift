import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Against files that numpy wrote.
@Suite struct NumPyFileTests {
  static let folder = Fixtures.folder.appending(path: "prompts")
  static let grid = Matrix(
    rows: 5, columns: 8, (0..<40).map { Float($0 / 8) + Float($0 % 8) / 16 })

  @Test(arguments: ["float32", "float64", "fortran", "half"])
  func readsWhatNumPyWrites(_ name: String) throws {
    #expect(try NumPyFile.matrix(Self.folder.appending(path: "\(name).npy")) == Self.grid)
  }

  @Test func writesNumPysBytes() throws {
    let theirs = try Data(contentsOf: Self.folder.appending(path: "float32.npy"))
    #expect(NumPyFile.serialize(Self.grid) == theirs)
  }

  @Test func refusesPickles() {
    let error = #expect(throws: CheckpointError.self) {
      try NumPyFile.matrix(Self.folder.appending(path: "objects.npy"))
    }
    #expect(error?.description.contains("descr: is |O, where <f4, <f8 or <f2 can be read") == true)
  }

  @Test(arguments: [
    ("(5, 8), }", "(40,), }", "is (40,), where a matrix is needed"),
    ("(5, 8)", "(5, 9)", "holds 160 bytes where 5 x 9 need 180"),
    ("'<f4'", "'>f4'", "descr: is >f4"), ("False", "false", "a header that is not an array's"),
    ("(5, 8), }", "(0, 8), }", "where a matrix is needed"),
  ])
  func refusesOtherHeaders(_ from: String, _ to: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    var bytes = NumPyFile.serialize(Self.grid)
    let place = try #require(bytes.range(of: Data(from.utf8)))
    bytes.replaceSubrange(place, with: Data(to.utf8))
    // The stated length of the header stays, so its padding has to give way.
    let excess = to.utf8.count - from.utf8.count
    if excess > 0 { bytes.removeSubrange(100..<100 + excess) }
    if excess < 0 { bytes.insert(contentsOf: Data(repeating: 0x20, count: -excess), at: 100) }
    let url = try folder.write(bytes, to: "a.npy")
    let error = #expect(throws: CheckpointError.self) { try NumPyFile.matrix(url) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [0, 5, 9, 40, 127, 128, 287])
  func refusesWhatIsCutOff(_ length: Int) throws {
    let folder = try TemporaryFolder()
    let url = try folder.write(NumPyFile.serialize(Self.grid).prefix(length), to: "a.npy")
    #expect(throws: CheckpointError.self) { try NumPyFile.matrix(url) }
  }
}
