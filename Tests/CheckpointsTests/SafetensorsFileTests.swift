import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ bytes: Data) throws -> SafetensorsFile {
    try SafetensorsFile(folder.write(bytes, to: "\(UUID().uuidString).safetensors"))
  }

  private func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  /// 1, -2.5, the smallest half above 0, infinity: each exact in all three types that hold it.
  static let stored: [(type: String, bytes: [UInt8], values: [Float])] = [
    (
      "F32", [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0, 0, 0, 0x80, 0x7F, 0, 0, 0, 0x80],
      [1, -2.5, .infinity, -0.0]
    ),
    ("F16", [0x00, 0x3C, 0x00, 0xC1, 0x01, 0x00, 0x00, 0x7C], [1, -2.5, 0x1p-24, .infinity]),
    ("BF16", [0x80, 0x3F, 0x20, 0xC0, 0x80, 0xFF, 0x01, 0x00], [1, -2.5, -.infinity, 0x1p-133]),
  ]

  @Test(arguments: stored.indices, [0, 1, 2, 3, 4])
  func readsWhereverItLies(_ index: Int, _ shift: Int) throws {
    let (type, data, values) = Self.stored[index]
    // A leading tensor of some bytes and a header of any length put the data at every alignment.
    let before = [UInt8](repeating: 0xAA, count: shift)
    let file = try file(RawSafetensors.file([("a", "U8", [shift], before), ("t", type, [2, 2], data)]))
    let entry = try #require(file.entry("t"))
    let matrix = try file.matrix(entry, rows: 2, columns: 2)
    #expect(matrix.elements.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test(arguments: ["F64", "I64", "U8", "F8_E4M3", "F4", "NEW"])
  func otherTypesAreRefusedOnlyWhenAskedFor(_ type: String) throws {
    let size = ["F64": 16, "I64": 16, "U8": 2, "F8_E4M3": 2, "F4": 1, "NEW": 5][type] ?? 0
    let data = [UInt8](repeating: 0, count: size)
    let file = try file(RawSafetensors.file([("odd", type, [2], data), ("f", "F32", [1], [0, 0, 0, 0])]))
    #expect(try file.matrix(#require(file.entry("f")), rows: 1, columns: 1).elements == [0])
    let odd = try #require(file.entry("odd"))
    let error = try #require(throws: CheckpointError.self) { try file.matrix(odd, rows: 1, columns: 2) }
    #expect(error.item == "odd" && error.problem.contains(type) && error.hint?.contains("Convert") == true)
  }

  @Test func emptyTensors() throws {
    let file = try file(
      RawSafetensors.file([
        ("a", "F32", [0, 4], []), ("b", "F16", [3, 0], []), ("c", "F32", [1], bytes([Float(2)])),
      ]))
    #expect(try file.matrix(#require(file.entry("a")), rows: 0, columns: 4) == Matrix(rows: 0, columns: 4))
    #expect(try file.matrix(#require(file.entry("b")), rows: 3, columns: 0) == Matrix(rows: 3, columns: 0))
    #expect(try file.matrix(#require(file.entry("c")), rows: 1, columns: 1).elements == [2])
  }

  /// Aligned F32 is not copied; a write to the matrix does not reach the file, and the file may go first.
  @Test func alignedTensorsAreViews() throws {
    var matrix: Matrix
    let url = try folder.write(
      SafetensorsFile.serialize(["t": Matrix(rows: 1, columns: 3, [1, 2, 3])], metadata: [:]), to: "view")
    do {
      let file = try SafetensorsFile(url)
      let entry = try #require(file.entry("t"))
      matrix = try file.matrix(entry, rows: 1, columns: 3)
      let again = try file.matrix(entry, rows: 1, columns: 3)
      #expect(matrix.pointer == again.pointer)
    }
    try FileManager.default.removeItem(at: url)
    #expect(matrix.elements == [1, 2, 3])
    matrix[0, 0] = 9
    #expect(matrix.elements == [9, 2, 3])
  }

  @Test func metadata() throws {
    let header =
      #" {"__metadata__":{"format":"pt","é\n":"\u20AC"},"t":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#
    let file = try file(RawSafetensors.file(header, data: [0, 0, 0, 0]))
    #expect(file.header.metadata == ["format": "pt", "é\n": "€"])
    #expect(file.header.entries.map(\.name) == ["t"] && file.entry("__metadata__") == nil)
    #expect(try self.file(RawSafetensors.file("{}")).header.metadata == [:])
  }

  /// What sha256sum gives for one number and for two.
  @Test(
    arguments: [
      (
        [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40], "b9c80b5adeca450753a16950c3cc655d271f7bef7a485bc83f112b72fef21d37"
      ),
      ([0, 0, 0x80, 0x3F], "e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c"),
    ] as [([UInt8], String)])
  func hashes(_ data: [UInt8], _ hash: String) throws {
    let file = try file(
      RawSafetensors.file([("pad", "U8", [1], [7]), ("t", "F32", [1, data.count / 4], data)]))
    #expect(try StoredTensor(file, #require(file.entry("t"))).sha256() == hash)
  }

  /// A table without rows or columns can be neither searched nor described.
  @Test(arguments: [[0, 4], [4, 0], [1 << 57, 0]]) func emptyTables(_ shape: [Int]) throws {
    let file = try file(RawSafetensors.file([("t", "F32", shape, [])]))
    #expect(throws: CheckpointError.self) { try StoredTensor(file, #require(file.entry("t"))) }
  }

  /// Rows come one by one or block by block, as they stand in the file.
  @Test func storedRows() throws {
    let all = Samples.matrix(5, 3, "rows")
    let folder = try TemporaryFolder()
    let url = try folder.write(SafetensorsFile.serialize(["t": all], metadata: [:]), to: "t.safetensors")
    let file = try SafetensorsFile(url)
    let tensor = try StoredTensor(file, #require(file.entry("t")))
    #expect(tensor.rows == 5 && tensor.columns == 3 && tensor.name == "t")
    #expect(tensor.gathering([4, 0, 4]) == all.gathering([4, 0, 4]))
    var blocks: [Float] = []
    tensor.forEachBlock { blocks += $0.elements }
    #expect(blocks == all.elements)
  }

  @Test(arguments: ["missing.safetensors", "."])
  func filesThatAreNone(_ name: String) throws {
    let error = try #require(throws: CheckpointError.self) {
      try SafetensorsFile(folder.url.appending(path: name))
    }
    #expect(error.problem.contains(name == "." ? "not a regular file" : "is not there"))
  }
}
