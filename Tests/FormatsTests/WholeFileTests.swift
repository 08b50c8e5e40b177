import Formats
import Foundation
import TestSupport
import Testing

@Suite struct WholeFileTests {
  /// A file without content on the disk, of any size.
  private func sparse(_ folder: TemporaryFolder, _ size: Int) throws -> URL {
    let url = try folder.write("", to: "sparse")
    try FileHandle(forWritingTo: url).truncate(atOffset: UInt64(size))
    return url
  }

  @Test(
    arguments: [FileLimit.configuration, .words, .facts, .vocabulary, .results, .prompt],
    [1, 20 << 30, 1 << 40])
  func whatIsTooLargeIsNotRead(_ limit: FileLimit, _ excess: Int) throws {
    let folder = try TemporaryFolder()
    let url = try sparse(folder, limit.bytes + excess)
    let error = try #require(throws: FileError.self) { try WholeFile.read(url, limit) }
    #expect(error.problem.hasPrefix("has \((limit.bytes + excess) >> 20) MB, where "), "\(error)")
  }

  @Test func theLimitItselfIsRead() throws {
    let folder = try TemporaryFolder()
    let url = try sparse(folder, FileLimit.configuration.bytes)
    #expect(try WholeFile.read(url, .configuration).count == FileLimit.configuration.bytes)
  }

  @Test func pipesAndFolders() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.url.appending(path: "pipe")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    let error = try #require(throws: FileError.self) { try WholeFile.read(pipe, .words) }
    #expect(error.problem == "is not a regular file but a pipe or a device")
    #expect(FileStart.read(pipe, 10) == nil)
    let other = try #require(throws: FileError.self) { try WholeFile.read(folder.url, .words) }
    #expect(other.problem == "is not a regular file but a folder")
  }

  @Test(arguments: ["", "\n", "tail"])
  func longLines(_ end: String) throws {
    let url = URL(filePath: "facts")
    let longest = Data(repeating: UInt8(ascii: "x"), count: WholeFile.longestLine)
    let data = Data("a\n".utf8) + longest + Data("\n".utf8)
    try WholeFile.requireLines(data + Data(end.utf8), url)
    let error = try #require(throws: FileError.self) {
      try WholeFile.requireLines(data + longest + Data("y".utf8), url)
    }
    #expect(error.item == "line 3" && error.problem == "is longer than 4 MB")
  }

  @Test func textOfFiles() throws {
    let folder = try TemporaryFolder()
    let marked = try folder.write("\u{FEFF}a", to: "marked")
    #expect(try WholeFile.text(marked, .words, hint: "") == "a")
    let latin = try folder.write(Data([0x61, 0xE9]), to: "latin")
    let error = try #require(throws: FileError.self) { try WholeFile.text(latin, .words, hint: "Save it so") }
    #expect(error.problem == "cannot be read as UTF-8 text" && error.hint == "Save it so")
  }
}
