import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// What the `gguf` package wrote (scripts/goldens/gguf_files.py), read back.
@Suite struct GGUFFileTests {
  static let folder = Fixtures.folder.appending(path: "gguf")

  @Test(arguments: [
    "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
    "IQ4_NL",
    "IQ4_XS",
  ]) func valuesAreThoseOfThePackage(type: String) throws {
    let file = try GGUFFile(Self.folder.appending(path: "types.gguf"))
    let goldens = try GoldenTensors(Self.folder.appending(path: "types.safetensors"))
    let entry = try #require(file.entry("t.\(type)"))
    let expected = try #require(try goldens.matrix("t.\(type)"))
    #expect(entry.typeName == type && entry.shape == [3, 512])
    let found = try file.matrix(entry, rows: 3, columns: 512)
    #expect(found.elements.map(\.bitPattern) == expected.elements.map(\.bitPattern))
    // Row by row, in another order, and one twice.
    let rows = try StoredTensor(file, entry).gathering([2, 0, 2])
    let picked = [2, 0, 2].flatMap { expected.rowBlock($0..<$0 + 1).elements }
    #expect(rows.elements.map(\.bitPattern) == picked.map(\.bitPattern))
  }

  @Test func otherTypesAreRefusedByName() throws {
    let file = try GGUFFile(Self.folder.appending(path: "types.gguf"))
    let entry = try #require(file.entry("t.IQ2_XXS"))
    #expect(entry.type == nil)
    let error = try #require(throws: CheckpointError.self) { try file.matrix(entry, rows: 3, columns: 512) }
    #expect("\(error)".contains("t.IQ2_XXS: has elements of type IQ2_XXS, where F32, F16 or BF16, Q4_0"))
    #expect(throws: CheckpointError.self) { try StoredTensor(file, entry) }
  }

  @Test func namesOfBlockTypesAreNoneOfSafetensors() throws {
    let folder = try TemporaryFolder()
    let bytes = RawSafetensors.file(
      "{" + RawSafetensors.entry("t", "Q8_0", "[32]", 0, 34) + "}", data: [UInt8](repeating: 0, count: 34))
    let file = try SafetensorsFile(folder.write(bytes, to: "t.safetensors"))
    #expect(file.entry("t")?.type == nil)
  }

  @Test func metadata() throws {
    let file = try GGUFFile(Self.folder.appending(path: "metadata.gguf"))
    let metadata = file.metadata
    let integers = [
      "uint8": 200, "int8": -100, "uint16": 60000, "int16": -30000, "uint32": 4_000_000_000,
      "int32": -2_000_000_000, "int64": -(1 << 62),
    ]
    for (type, value) in integers { #expect(try metadata.int("v.\(type)") == value) }
    #expect(metadata["v.uint64"] == .large(1 << 63 + 5))
    #expect(throws: CheckpointError.self) { try metadata.int("v.uint64") }
    #expect(metadata["v.float32"]?.double == Double(Float(1e-5)))
    #expect(metadata["v.float64"]?.double == 1e-5)
    #expect(try metadata.bool("v.bool") == true)
    #expect(try metadata.string("v.string") == "Zürich 東京")
    #expect(try metadata.numbers("v.integers") == [1, -2, 3])
    #expect(try metadata.numbers("v.floats") == [0.5, -1.5])
    #expect(try metadata.flags("v.booleans") == [true, false, true])
    var texts: [String] = []
    let areThere = try metadata.forEachString("v.strings") {
      texts.append(String(decoding: $0, as: UTF8.self))
    }
    #expect(areThere && texts == ["a", "", "ß", "\u{2581}x"])
    #expect(try metadata.numbers("v.nothing") == nil)
    #expect(throws: CheckpointError.self) { try metadata.numbers("v.strings") }
    #expect(throws: CheckpointError.self) { try metadata.string("v.bool") }
    // An alignment of 64, a vector, and sizes the other way round.
    let small = try #require(file.entry("small"))
    #expect(try file.matrix(small, rows: 1, columns: 5).elements == [0, 1, 2, 3, 4])
    #expect(file.entry("more")?.shape == [2, 3])
  }
}
