import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SerializeTests {
  @Test func comesBack() throws {
    let folder = try TemporaryFolder()
    let tensors = [
      "b": Samples.matrix(3, 5, "b"), "a": Matrix(rows: 1, columns: 2, [.infinity, -0.0]),
      "empty": Matrix(rows: 0, columns: 4),
      "ü/\"\\": Matrix(rows: 2, columns: 1, [.leastNonzeroMagnitude, 3]),
    ]
    let metadata = ["template": "[X] \"is\" [V]*5 / \\ \n€😀", "": "", "format": "pt"]
    let file = try SafetensorsFile(
      folder.write(SafetensorsFile.serialize(tensors, metadata: metadata), to: "t"))
    #expect(file.header.metadata == metadata)
    #expect(file.header.entries.count == tensors.count)
    for (name, matrix) in tensors {
      let entry = try #require(file.entry(name))
      #expect(entry.typeName == "F32" && entry.shape == [matrix.rows, matrix.columns])
      let read = try file.matrix(entry, rows: matrix.rows, columns: matrix.columns)
      #expect(read.elements.map(\.bitPattern) == matrix.elements.map(\.bitPattern))
    }
  }

  /// Length, header, padding and data at their bytes; the data in the order of the names.
  @Test func layout() throws {
    let tensors = ["b": Matrix(rows: 1, columns: 1, [1]), "a": Matrix(rows: 2, columns: 1, [-2.5, 0])]
    let data = SafetensorsFile.serialize(tensors, metadata: ["k": "v"])
    let length = data.prefix(8).enumerated().reduce(0) { $0 + Int($1.1) << (8 * $1.0) }
    #expect(length % 8 == 0)
    #expect(data.count == 8 + length + 12)
    let header = try #require(String(data: data.dropFirst(8).prefix(length), encoding: .utf8))
    let text = header.trimmingCharacters(in: .whitespaces)
    #expect(text.hasPrefix("{") && text.hasSuffix("}") && header.hasPrefix(text))
    let root = try JSON.parse(Data(text.utf8))
    #expect(root["a"]?["data_offsets"] == .array([.integer(0), .integer(8)]))
    #expect(root["b"]?["data_offsets"] == .array([.integer(8), .integer(12)]))
    #expect(
      root["a"]?["shape"] == .array([.integer(2), .integer(1)]) && root["a"]?["dtype"] == .string("F32"))
    #expect(Array(data.suffix(12)) == [0, 0, 0x20, 0xC0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F])
  }

  /// The header is padded to a multiple of 8 whatever it holds, and so the data is aligned.
  @Test(arguments: 0..<9)
  func padding(_ length: Int) {
    let data = SafetensorsFile.serialize(
      [String(repeating: "n", count: length): Matrix(rows: 1, columns: 1)], metadata: [:])
    #expect((data.count - 4) % 8 == 0)
  }

  @Test func theSameBytesEachTime() {
    let tensors = Dictionary(
      uniqueKeysWithValues: (0..<20).map { ("t\($0)", Samples.matrix(2, 2, "\($0)")) })
    let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("k\($0)", "v\($0)") })
    let first = SafetensorsFile.serialize(tensors, metadata: metadata)
    for _ in 0..<5 {
      let again = Dictionary(uniqueKeysWithValues: tensors.shuffled())
      #expect(SafetensorsFile.serialize(again, metadata: metadata) == first)
    }
  }

  @Test func nothingAtAll() throws {
    let folder = try TemporaryFolder()
    let file = try SafetensorsFile(folder.write(SafetensorsFile.serialize([:], metadata: [:]), to: "t"))
    #expect(file.header.entries.isEmpty && file.header.metadata.isEmpty)
  }
}
