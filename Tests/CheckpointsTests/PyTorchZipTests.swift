import Checkpoints
import Foundation
import TestSupport
import Testing

private typealias S = PyTorchSamples

/// The container: what it may look like, and every way in which it may be broken.
@Suite struct PyTorchZipTests {
  static let pickle = S.pickle(S.dictionary([("t", S.tensor())]))

  private func open(_ bytes: Data) throws -> PyTorchFile {
    let folder = try TemporaryFolder()
    return try PyTorchFile(folder.write(bytes, to: "t.bin"))
  }

  private static func changed(_ change: (inout [S.ZipEntry]) -> Void) -> Data {
    var entries = S.entries(pickle)
    change(&entries)
    return S.zip(entries)
  }

  private static func patched(_ offset: Int, _ bytes: [UInt8], isWide: Bool = false) -> Data {
    var file = S.zip(S.entries(pickle), isWide: isWide)
    let start = offset < 0 ? file.count + offset : offset
    file.replaceSubrange(start..<start + bytes.count, with: bytes)
    return file
  }

  @Test(arguments: [false, true], [false, true])
  func readsNarrowAndWide(_ end: Bool, _ entry: Bool) throws {
    var entries = S.entries(Self.pickle)
    for index in entries.indices { entries[index].isWide = entry }
    let file = try open(S.zip(entries, isWide: end))
    #expect(file.withBytes(try #require(file.entry("t"))) { Array($0) } == (0..<24).map { UInt8($0) })
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: Data
    let problem: String
    init(_ name: String, _ bytes: Data, _ problem: String) {
      (self.name, self.bytes, self.problem) = (name, bytes, problem)
    }
    var testDescription: String { name }
  }

  static let records = [
    Case("bytes after the end", S.zip(S.entries(pickle)) + Data([0]), "does not end as a zip"),
    Case("a comment", patched(-2, [1, 0]), "does not end as a zip"),
    Case("second disk", patched(-18, [1]), "does not end as a zip"),
    Case("fewer on this disk", patched(-14, [2, 0]), "split"),
    Case("more entries", patched(-14, [4, 0, 4, 0]), "holds 3 zip entries where 4"),
    Case("more entries, wide", S.zip(S.entries(pickle), isWide: true, stated: .max), "holds 3 zip entries"),
    Case("directory elsewhere", patched(-6, [0, 0, 0, 0]), "end record begins"),
    Case("larger directory", patched(-10, [0xFF, 0xFF, 0xFF, 0x7F]), "end record begins"),
    Case("locator astray", patched(-34, [0, 0], isWide: true), "damaged zip64"),
    Case("two ends that differ", patched(-14, [2, 0, 2, 0], isWide: true), "differ"),
    Case("zip64 record of another size", patched(-94, [45], isWide: true), "damaged zip64"),
    Case("zip64 directory overflow", patched(-50, S.bytes(UInt64.max), isWide: true), "end record begins"),
  ]

  static let entries = [
    Case("deflated", changed { $0[2].method = 8 }, "is compressed"),
    Case("encrypted", changed { $0[2].flags |= 1 }, "encrypted"),
    Case("local name differs", changed { $0[2].localName = "m/data/1" }, "differs"),
    Case("local name longer", changed { $0[2].localName = "m/data/01" }, "differs"),
    Case(
      "same place", changed { $0[1] = S.ZipEntry(name: "m/data.pkl", data: pickle, placedAs: 0) }, "twice"),
    Case(
      "overlap", changed { $0.append(S.ZipEntry(name: "m/data/0", data: [], localName: "x", placedAs: 2)) },
      "twice"),
    Case("named twice", changed { $0.append($0[1]) }, "twice"),
    Case("place outside", patchedDirectory(42, S.bytes(UInt32.max - 1)), "outside the file"),
    Case("no wide place", patchedDirectory(42, S.bytes(UInt32.max)), "lacks its zip64"),
    Case(
      "size outside", patchedDirectory(20, S.bytes(UInt32.max - 1) + S.bytes(UInt32.max - 1)),
      "outside the file"),
    Case(
      "into the next",
      patchedDirectory(20, S.bytes(UInt32(pickle.count + 1)) + S.bytes(UInt32(pickle.count + 1))), "overlap"),
    Case("sizes differ", patchedDirectory(20, S.bytes(1 as UInt32)), "compressed"),
    Case("wrong checksum", patchedDirectory(16, [1, 2, 3, 4]), "checksum"),
    Case("long name", patchedDirectory(28, [0xFF, 0xFF]), "damaged zip directory"),
    Case("extra field", patchedDirectory(30, [2]), "damaged zip directory"),
  ]

  static let contents = [
    Case("no pickle", changed { $0.removeFirst() }, "holds 0 entries NAME/data.pkl"),
    Case(
      "two pickles", changed { $0.append(S.ZipEntry(name: "n/data.pkl", data: pickle)) }, "holds 2 entries"),
    Case("pickle at the top", changed { $0[0].name = "data.pkl" }, "holds 0 entries"),
    Case("no version", changed { $0.remove(at: 1) }, "version"),
    Case("version 11", changed { $0[1].data = Array("11".utf8) }, #"version "11""#),
    Case("long version", changed { $0[1].data = [UInt8](repeating: 0x31, count: 5000) }, "version"),
    Case(
      "big-endian", changed { $0.append(S.ZipEntry(name: "m/byteorder", data: Array("big".utf8))) },
      #"order "big""#),
    Case("no storage", changed { $0.removeLast() }, "is not there"),
  ]

  /// Overwrites a field of the directory's first entry.
  private static func patchedDirectory(_ offset: Int, _ bytes: [UInt8]) -> Data {
    let entries = S.entries(pickle)
    let start = entries.reduce(0) { $0 + 30 + $1.name.utf8.count + $1.data.count }
    return patched(start + offset, bytes)
  }

  @Test(arguments: records + entries + contents)
  func refuses(_ damaged: Case) throws {
    let error = try #require(throws: CheckpointError.self) { try open(damaged.bytes) }
    #expect(error.description.contains(damaged.problem), "\(error)")
    #expect(error.hint != nil && error.description.count < 1000)
  }

  @Test func otherPlacesOfTheVersion() throws {
    _ = try open(Self.changed { $0[1].name = "m/.data/version" })
    let little = S.ZipEntry(name: "m/byteorder", data: Array("little".utf8))
    _ = try open(Self.changed { $0.append(little) })
  }

  /// Every prefix of a sound file is refused.
  @Test(arguments: ["module", "rewritten", "protocol4"])
  func truncations(_ name: String) throws {
    let folder = try TemporaryFolder()
    let url = try folder.copy(Fixtures.folder.appending(path: "pytorch/\(name).bin"))
    _ = try PyTorchFile(url)
    let handle = try FileHandle(forWritingTo: url)
    for length in try (0..<handle.seekToEnd()).reversed() {
      try handle.truncate(atOffset: length)
      #expect(throws: CheckpointError.self, "\(length) bytes") { try PyTorchFile(url) }
    }
  }
}
