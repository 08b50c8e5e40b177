import Checkpoints
import Formats
import Foundation
import TestSupport
import Testing

/// Headers that say what cannot be: each is refused in one line that says where and what.
@Suite struct GGUFHeaderTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: Data
    let problem: String

    init(_ name: String, _ problem: String, _ change: (inout RawGGUF) -> Void) {
      var file = GGUFHeaderTests.good
      change(&file)
      (self.name, self.problem, bytes) = (name, problem, file.bytes)
    }

    init(_ name: String, _ problem: String, bytes: Data) {
      (self.name, self.problem, self.bytes) = (name, problem, bytes)
    }

    var testDescription: String { name }
  }

  static let good: RawGGUF = {
    var file = RawGGUF(architecture: "unheard-of")
    file.add("token_embd.weight", [[1, 2, 3], [4, 5, 6]])
    file.add("other.weight", [[7, 8]])
    return file
  }()

  static let beginnings = [
    Case("nothing", "ends within its first four bytes", bytes: Data()),
    Case("another format", "does not begin with GGUF") { $0.magic = "GGML" },
    Case("version 1", "has version 1 of GGUF") { $0.version = 1 },
    Case("version 4", "has version 4 of GGUF") { $0.version = 4 },
    Case("big-endian", "is a big-endian GGUF file") { $0.version = 0x0300_0000 },
    Case("too many tensors", "states 18446744073709551615 tensors") { $0.statedTensors = .max },
    Case("a billion tensors", "more than") { $0.statedTensors = 1 << 30 },
    Case("too many values", "states 4294967296 metadata values") { $0.statedValues = 1 << 32 },
    Case("one value too many", "metadata key 3") { $0.statedValues = 3 },
    Case("one tensor too many", "tensor 3") { $0.statedTensors = 3 },
  ]

  static let values = [
    Case("a key twice", "general.architecture: is there twice") { $0.set("general.architecture", "llama") },
    Case("an empty key", "metadata key 2 is empty") { $0.set("", "x") },
    Case("a type that is none", "has type 13") {
      $0.metadata.append(("x", RawGGUF.integer(UInt32(13))))
    },
    Case("a boolean of 2", "x is 2 where a boolean is 0 or 1") {
      $0.metadata.append(("x", RawGGUF.integer(UInt32(7)) + Data([2])))
    },
    Case("a text of 10 GB", "states a length of 10000000000 bytes for x") {
      $0.metadata.append(("x", RawGGUF.integer(UInt32(8)) + RawGGUF.integer(UInt64(10_000_000_000))))
    },
    Case("a text that is no UTF-8", "x is not UTF-8 text") {
      $0.metadata.append(("x", RawGGUF.integer(UInt32(8)) + RawGGUF.integer(UInt64(1)) + Data([0xFF])))
    },
    Case("an array of 2^60 texts", "states 1152921504606846976 elements of x") {
      $0.metadata.append(
        ("x", RawGGUF.integer(UInt32(9)) + RawGGUF.integer(UInt32(8)) + RawGGUF.integer(UInt64(1) << 60)))
    },
    Case("arrays within arrays", "too deep") {
      let level = RawGGUF.integer(UInt32(9)) + RawGGUF.integer(UInt64(1))
      $0.metadata.append(
        ("x", RawGGUF.integer(UInt32(9)) + (0..<6).reduce(Data()) { data, _ in data + level }))
    },
    Case("alignment 0", "general.alignment: is no power of two") { $0.set("general.alignment", 0) },
    Case("alignment 48", "general.alignment: is no power of two") { $0.set("general.alignment", 48) },
    Case("no architecture", "general.architecture: is missing") { $0.metadata = [] },
    Case("one part of several", "is one of several parts of a model") { $0.set("split.count", 3) },
  ]

  static let tensors = [
    Case("a name twice", "token_embd.weight: is there twice") { $0.tensors[1].name = "token_embd.weight" },
    Case("no name", "tensor 1 has no name") { $0.tensors[0].name = "" },
    Case("a name too long", "states a length of 2000 bytes for the name of tensor 1") {
      $0.tensors[0].name = String(repeating: "x", count: 2000)
    },
    Case("no dimension", "has 0 dimensions") { $0.tensors[0].sizes = [] },
    Case("five dimensions", "has 5 dimensions") { $0.tensors[0].sizes = [1, 1, 1, 1, 1] },
    Case("a size of 0", "has a size of 0") { $0.tensors[0].sizes = [0, 3] },
    Case("a size beyond Int", "has a size of 18446744073709551615") { $0.tensors[0].sizes[0] = .max },
    Case("a product beyond Int", "is too large") { $0.tensors[0].sizes = [1 << 40, 1 << 40] },
    Case("an unknown type", "is of type 99, which is not known") { $0.tensors[0].type = 99 },
    Case("a type that was removed", "is of type 4, which is not known") { $0.tensors[0].type = 4 },
    Case("rows that are no whole blocks", "no multiple of Q8_0's 32") { $0.tensors[0].type = 8 },
    Case("an overlap", "begins at byte 0 of the data, not at 32") { $0.tensors[1].offset = 0 },
    Case("a gap", "begins at byte 64 of the data, not at 32") { $0.tensors[1].offset = 64 },
    Case("an unaligned place", "begins at byte 36 of the data, not at 32") { $0.tensors[1].offset = 36 },
    Case("a place beyond Int", "outside of any file") { $0.tensors[1].offset = .max },
    Case("the end missing", "ends at byte 40 of the data, of which the file holds 39") {
      $0.data.removeLast()
    },
    Case("bytes at the end", "bytes of tensors where 64 are described") { $0.data += Data(count: 60) },
  ]

  @Test(arguments: beginnings + values + tensors) func refused(_ bad: Case) throws {
    let folder = try TemporaryFolder()
    let url = try folder.write(bad.bytes, to: "bad.gguf")
    let error = try #require(throws: CheckpointError.self) { try GGUFFile(url) }
    #expect("\(error)".contains(bad.problem), "\(error)")
    #expect(error.file == url.path && error.hint != nil)
  }

  @Test func everyBeginningOfAFileIsRefused() throws {
    let folder = try TemporaryFolder()
    let bytes = Self.good.bytes
    for length in 0..<bytes.count {
      let url = try folder.write(bytes.prefix(length), to: "cut.gguf")
      #expect(throws: CheckpointError.self, "\(length) of \(bytes.count) bytes") { try GGUFFile(url) }
    }
    #expect(try GGUFFile(folder.write(bytes, to: "whole.gguf")).entries.count == 2)
  }

  /// Both of what writers do: fill up the last tensor, or not.
  @Test func theEndMayBePadded() throws {
    let folder = try TemporaryFolder()
    var file = Self.good
    file.data += Data(count: 24)
    #expect(try GGUFFile(folder.write(file.bytes, to: "padded.gguf")).entries.count == 2)
  }

  @Test func version2() throws {
    let folder = try TemporaryFolder()
    var file = Self.good
    file.version = 2
    let opened = try GGUFFile(folder.write(file.bytes, to: "old.gguf"))
    #expect(opened.version == 2)
    let entry = try #require(opened.entry("token_embd.weight"))
    #expect(try opened.matrix(entry, rows: 2, columns: 3).elements == [1, 2, 3, 4, 5, 6])
  }
}
