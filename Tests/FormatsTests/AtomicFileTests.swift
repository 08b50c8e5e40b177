import Formats
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct AtomicFileTests {
  let folder: TemporaryFolder
  var url: URL { folder.url.appending(path: "file.bin") }

  init() throws { folder = try TemporaryFolder() }

  private func error(_ data: Data, _ url: URL) throws -> FileError {
    try #require(throws: FileError.self) { try AtomicFile.write(data, to: url) }
  }

  @Test(arguments: [0, 1, 100_000])
  func writesAndReplaces(_ count: Int) throws {
    let data = Data((0..<count).map { UInt8($0 % 251) })
    try AtomicFile.write(Data("an older and longer text".utf8), to: url)
    try AtomicFile.write(data, to: url)
    #expect(try Data(contentsOf: url) == data)
    #expect(try folder.contents == ["file.bin"])
  }

  /// A reader that has the old file open or mapped keeps the old bytes.
  @Test func theOldFileLivesOnForItsReaders() throws {
    try AtomicFile.write(Data("old".utf8), to: url)
    let mapped = try MappedFile(url)
    try AtomicFile.write(Data("new text".utf8), to: url)
    #expect(mapped.withBytes { String(decoding: $0, as: UTF8.self) } == "old")
  }

  @Test func missingFolder() throws {
    let error = try error(Data([1]), folder.url.appending(path: "none/file.bin"))
    #expect(error.problem == "cannot be created (No such file or directory)" && error.hint != nil)
    #expect(try folder.contents == [])
  }

  @Test func aFolderInTheWay() throws {
    try folder.write("x", to: "file.bin/inside")
    #expect(try error(Data([1]), url).problem.contains("is a folder"))
    #expect(try folder.contents == ["file.bin"])
  }

  @Test func unwritableFolder() throws {
    try folder.write("old", to: "locked/file.bin")
    let locked = folder.url.appending(path: "locked")
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: locked.path)
    defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: locked.path) }
    // Root may write anywhere; then the system's own read-only folder serves.
    let place = getuid() == 0 ? URL(filePath: "/proc/self/file.bin") : locked.appending(path: "file.bin")
    #expect(try error(Data([1]), place).problem.contains("cannot be created"))
    #expect(try String(contentsOf: locked.appending(path: "file.bin"), encoding: .utf8) == "old")
    #expect(try FileManager.default.contentsOfDirectory(atPath: locked.path) == ["file.bin"])
  }

  /// In pieces that end within a tensor and within the writer's own.
  @Test func pacedWritingIsTheSameBytes() throws {
    let parts = [1, 40 << 20, (32 << 20) - 1, 3, 0, 70 << 20].enumerated().map {
      Data(repeating: UInt8($0 + 1), count: $1)
    }
    try AtomicFile.write(to: url) { descriptor in
      var writer = PacedWriter(descriptor)
      return parts.allSatisfy { part in part.withUnsafeBytes { writer.write($0) } }
    }
    #expect(try Data(contentsOf: url) == parts.reduce(Data(), +))
    var closed = PacedWriter(-1)
    #expect(!Data([1]).withUnsafeBytes { closed.write($0) })
  }

  #if os(Linux)
    /// A file may grow no larger than the limit, which stops a write midway just as a full disk does. The limit
    /// holds for the whole process, so the write happens in a child.
    @Test func diskFull() async throws {
      let place = folder.url.path
      let result = await #expect(processExitsWith: .exitCode(7), observing: [\.standardErrorContent]) {
        [place = place as String] in
        var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        signal(SIGXFSZ, SIG_IGN)
        let url = URL(filePath: place).appending(path: "file.bin")
        do {
          try AtomicFile.write(Data(repeating: 1, count: 900), to: url)
          try AtomicFile.write(Data(repeating: 2, count: 5000), to: url)
        } catch {
          try? FileHandle.standardError.write(contentsOf: Data("\(error)".utf8))
          exit("\(error)".contains("cannot be written (File too large)") ? 7 : 8)
        }
        exit(9)
      }
      let said = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) }
      #expect(said?.contains("cannot be written (File too large)") == true, "\(said ?? "")")
      #expect(try Data(contentsOf: url) == Data(repeating: 1, count: 900))
      #expect(try folder.contents == ["file.bin"])
    }
  #endif
}
