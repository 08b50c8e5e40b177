import Formats
import Foundation
import TestSupport
import Testing

@Suite struct MappedFileTests {
  @Test(arguments: [0, 1, 4096, 100_001])
  func bytes(_ count: Int) throws {
    let folder = try TemporaryFolder()
    let data = Data((0..<count).map { UInt8($0 % 253) })
    let file = try MappedFile(folder.write(data, to: "f"))
    #expect(file.withBytes { Data($0) } == data)
  }

  @Test func aLinkIsFollowed() throws {
    let folder = try TemporaryFolder()
    try folder.write("text", to: "f")
    let link = folder.url.appending(path: "link")
    try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "f")
    let file = try MappedFile(link)
    #expect(file.withBytes { String(decoding: $0, as: UTF8.self) } == "text")
  }

  @Test(arguments: ["missing", "", "/dev/null"])
  func noFile(_ name: String) throws {
    let folder = try TemporaryFolder()
    let url = name.hasPrefix("/") ? URL(filePath: name) : folder.url.appending(path: name)
    let error = try #require(throws: FileError.self) { try MappedFile(url) }
    #expect(error.problem.contains(name == "missing" ? "is not there" : "is not a regular file"))
  }
}
