import Checkpoints
import Foundation
import TestSupport
import Testing

/// The bad inputs of the reference's own tests (huggingface/safetensors, `tensor.rs` and `attacks/`), and some more.
@Suite struct SafetensorsHeaderTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: Data
    let problem: String
    init(_ name: String, _ bytes: Data, _ problem: String) {
      (self.name, self.bytes, self.problem) = (name, bytes, problem)
    }
    var testDescription: String { name }
  }

  private static func one(_ type: String, _ shape: String, _ begin: Int, _ end: Int, data: Int) -> Data {
    RawSafetensors.file("{" + RawSafetensors.entry("t", type, shape, begin, end) + "}", data: zeros(data))
  }
  private static func text(_ header: String, data: Int = 0) -> Data {
    RawSafetensors.file(header, data: zeros(data))
  }
  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
  private static func pair(_ first: (Int, Int), _ second: (Int, Int), data: Int) -> Data {
    let entries = [("a", first), ("b", second)].map {
      RawSafetensors.entry($0, "F32", "[\(($1.1 - $1.0) / 4)]", $1.0, $1.1)
    }
    return text("{" + entries.joined(separator: ",") + "}", data: data)
  }

  static let damagedLengths = [
    Case("nothing", Data(), "too short"), Case("seven bytes", Data(zeros(7)), "too short"),
    Case("length only", Data(zeros(8)), "ends early"),
    Case("reference: header too large", Data([0x3C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF]), "more than 100000000"),
    Case("length beyond Int", RawSafetensors.file("{}", statedLength: .max), "more than 100000000"),
    Case(
      "length above the limit", RawSafetensors.file("{}", statedLength: 100_000_001), "more than 100000000"),
    Case(
      "reference: length beyond the file", RawSafetensors.file("{}", statedLength: 60),
      "states a header of 60"),
    Case("length one too many", RawSafetensors.file("{}", statedLength: 3), "states a header of 3"),
  ]

  static let damagedTexts = [
    Case("reference: not UTF-8", RawSafetensors.file(Data([0xFF])), "invalid JSON"),
    Case(
      "not UTF-8 in a name", RawSafetensors.file(Data([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])), "UTF-8"),
    Case("reference: not JSON", text("{"), "invalid JSON"), Case("an array", text("[]"), "not a JSON object"),
    Case("a number", text("1"), "not a JSON object"),
    Case("text after the object", text("{}{}"), "text after"),
    Case("NUL padding", text("{}\0"), "text after"),
    Case(
      "duplicate tensor",
      text(
        "{" + RawSafetensors.entry("t", "F32", "[1]", 0, 4) + ","
          + RawSafetensors.entry("t", "F32", "[1]", 0, 4) + "}",
        data: 4), "twice"),
    Case(
      "duplicate field",
      text(#"{"t":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, data: 4), "twice"),
    Case("duplicate metadata", text(#"{"__metadata__":{},"__metadata__":{}}"#), "twice"),
    Case("metadata no object", text(#"{"__metadata__":"pt"}"#), "__metadata__: is not an object"),
    Case("metadata no text", text(#"{"__metadata__":{"format":1}}"#), "format is not a string"),
    Case(
      "metadata of look-alikes", text("{\"__metadata__\":{\"\u{E9}\":\"1\",\"e\u{301}\":\"2\"}}"),
      #"__metadata__: has the keys "\u{00E9}" and "e\u{0301}", which differ only"#),
    Case(
      "tensors of look-alikes",
      text(
        "{" + RawSafetensors.entry("w\u{E9}", "F32", "[1]", 0, 4) + ","
          + RawSafetensors.entry("we\u{301}", "F32", "[1]", 4, 8) + "}", data: 8),
      #"holds the tensors "w\u{00E9}" and "we\u{0301}", which differ only"#),
    Case("tensor no object", text(#"{"t":[]}"#), "t: is not an object"),
    Case(
      "unknown field", text(#"{"t":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}"#, data: 4),
      "unknown field x"),
    Case("no dtype", text(#"{"t":{"shape":[],"data_offsets":[0,4]}}"#, data: 4), "dtype is missing"),
    Case(
      "dtype no text", text(#"{"t":{"dtype":32,"shape":[],"data_offsets":[0,4]}}"#, data: 4),
      "dtype is missing"),
    Case("no shape", text(#"{"t":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4), "shape is not"),
    Case("no offsets", text(#"{"t":{"dtype":"F32","shape":[]}}"#), "data_offsets is not a pair"),
    Case(
      "three offsets", text(#"{"t":{"dtype":"F32","shape":[],"data_offsets":[0,4,8]}}"#, data: 4),
      "data_offsets is not a pair"),
    Case(
      "offsets as text", text(#"{"t":{"dtype":"F32","shape":[],"data_offsets":["0","4"]}}"#, data: 4),
      "not a pair"),
    Case(
      "offset beyond Int", text(#"{"t":{"dtype":"F32","shape":[],"data_offsets":[0,18446744073709551616]}}"#),
      "not a pair"),
    Case("negative offset", one("F32", "[1]", -4, 0, data: 0), "data_offsets is not a pair"),
    Case("negative size", one("F32", "[-1]", 0, 4, data: 4), "shape is not"),
    Case("fractional size", one("F32", "[1.0]", 0, 4, data: 4), "shape is not"),
    Case("size as text", one("F32", "[\"1\"]", 0, 4, data: 4), "shape is not"),
    Case(
      "deep shape", text(#"{"t":{"dtype":"F32","shape":"# + String(repeating: "[", count: 5000)), "deeper"),
  ]

  static let damagedLayouts = [
    Case("end before begin", one("F32", "[1]", 4, 0, data: 4), "end before they begin"),
    Case(
      "reference: incomplete buffer, polyglot suffix", one("F32", "[2,2]", 0, 16, data: 28),
      "holds 28 bytes of tensors"),
    Case(
      "reference: incomplete buffer, 2 bytes missing", one("F32", "[2,2]", 0, 16, data: 14),
      "holds 14 bytes of tensors"),
    Case("data without tensors", text("{}", data: 1), "holds 1 bytes of tensors"),
    Case("reference: invalid info", one("F32", "[2,3]", 0, 20, data: 20), "needs 24"),
    Case("reference: sizes of other bits", one("F16", "[4]", 0, 16, data: 16), "needs 8"),
    Case("no bytes for a scalar", one("F32", "[]", 0, 0, data: 0), "needs 4"),
    Case(
      "reference: validation overflow of the shape", one("F32", "[2,18446744073709551614]", 0, 16, data: 16),
      "shape"),
    Case(
      "reference: validation overflow of the bits", one("F32", "[2,9223372036854775807]", 0, 16, data: 16),
      "too large"),
    Case(
      "overflow that a zero would hide", one("F32", "[4611686018427387904,16,0]", 0, 0, data: 0), "too large"),
    Case("reference: fp4 misaligned", one("F4", "[1]", 0, 1, data: 1), "whole bytes"),
    Case("six bits misaligned", one("F6_E2M3", "[3]", 0, 3, data: 3), "whole bytes"),
    Case("does not begin at 0", one("F32", "[1]", 4, 8, data: 8), "begins at byte 4 of the data, not at 0"),
    Case("hole", pair((0, 4), (8, 12), data: 12), "begins at byte 8 of the data, not at 4"),
    Case("overlap", pair((0, 8), (4, 12), data: 12), "begins at byte 4 of the data, not at 8"),
    Case("attack: the same bytes", pair((0, 8), (0, 8), data: 8), "begins at byte 0 of the data, not at 8"),
    Case(
      "unknown type with a hole", text(#"{"t":{"dtype":"X9","shape":[1],"data_offsets":[1,2]}}"#, data: 2),
      "begins at byte 1"),
    Case(
      "attack: ten tensors over the same bytes",
      text(
        "{"
          + (0..<10).map { RawSafetensors.entry("weight_\($0)", "F32", "[10,10]", 0, 400) }.joined(
            separator: ",") + "}",
        data: 400), "begins at byte 0 of the data, not at 400"),
  ]

  @Test(arguments: damagedLengths + damagedTexts + damagedLayouts)
  func refuses(_ damaged: Case) throws {
    let folder = try TemporaryFolder()
    let url = try folder.write(damaged.bytes, to: "t.safetensors")
    let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(url) }
    #expect(error.description.contains(damaged.problem), "\(error)")
    #expect(error.file == url.path && error.hint != nil)
  }

  static let sound = [
    Case("no tensors", text("{}"), ""), Case("leading spaces", text("   \n\t{}"), ""),
    Case("trailing white space", text("{} \r\n\t  "), ""),
    Case(
      "leading spaces before a tensor",
      text("     {" + RawSafetensors.entry("t", "F32", "[1]", 0, 4) + "}", data: 4), "t"),
    Case("a scalar", one("F32", "[]", 0, 4, data: 4), "t"),
    Case("a size of zero", one("F32", "[3,0]", 0, 0, data: 0), "t"),
    Case("two empty ones at one place", pair((0, 0), (0, 0), data: 0), "ab"),
    Case("an empty one between", pair((0, 4), (4, 4), data: 4), "ab"),
    Case("out of order", pair((4, 8), (0, 4), data: 8), "ab"),
    Case("an unknown type", text(#"{"t":{"dtype":"F3","shape":[7],"data_offsets":[0,3]}}"#, data: 3), "t"),
    Case("two of four bits", one("F4", "[2]", 0, 1, data: 1), "t"),
    Case("four of six bits", one("F6_E3M2", "[4]", 0, 3, data: 3), "t"),
  ]

  @Test(arguments: sound)
  func accepts(_ sound: Case) throws {
    let folder = try TemporaryFolder()
    let file = try SafetensorsFile(folder.write(sound.bytes, to: "t.safetensors"))
    #expect(file.header.entries.map(\.name).sorted().joined() == sound.problem)
  }

  /// Every length of the format's element types, as a table of its own.
  @Test(arguments: [
    ("BOOL", 1), ("U8", 1), ("I8", 1), ("F8_E5M2", 1), ("F8_E4M3", 1), ("F8_E8M0", 1), ("F8_E4M3FNUZ", 1),
    ("F8_E5M2FNUZ", 1), ("I16", 2), ("U16", 2), ("F16", 2), ("BF16", 2), ("I32", 4), ("U32", 4), ("F32", 4),
    ("C64", 8),
    ("F64", 8), ("I64", 8), ("U64", 8),
  ])
  func elementSizes(_ type: String, _ size: Int) throws {
    let folder = try TemporaryFolder()
    let good = try folder.write(Self.one(type, "[3]", 0, 3 * size, data: 3 * size), to: "good")
    #expect(try SafetensorsFile(good).entry("t")?.type?.bits == 8 * size)
    let bad = try folder.write(Self.one(type, "[3]", 0, 3 * size + 1, data: 3 * size + 1), to: "bad")
    #expect(throws: CheckpointError.self) { try SafetensorsFile(bad) }
  }

  /// Every prefix of a sound file is refused, and so is every longer one.
  @Test func truncations() throws {
    let whole = Self.pair((0, 8), (8, 12), data: 12)
    let folder = try TemporaryFolder()
    for length in 0..<whole.count {
      let url = try folder.write(whole.prefix(length), to: "cut")
      #expect(throws: CheckpointError.self, "\(length) bytes") { try SafetensorsFile(url) }
    }
    let longer = try folder.write(whole + Data([0]), to: "longer")
    #expect(throws: CheckpointError.self) { try SafetensorsFile(longer) }
  }
}
