import Formats
import Foundation
import TestSupport
import Testing

@Suite struct LargeFilePointerTests {
  static let pointer = """
    version https://git-lfs.github.com/spec/v1
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
    size 12345

    """

  /// However a file is read: the pointer is told, and not what its bytes would mean.
  @Test func isRefusedByEveryReader() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.pointer, to: "model.safetensors")
    for read: (URL) throws -> Void in [
      { _ = try MappedFile($0) }, { _ = try WholeFile.read($0, .facts) }, { _ = try JSON(contentsOf: $0) },
      { try LargeFilePointer.refuse(at: $0) },
    ] {
      let error = try #require(throws: FileError.self) { try read(file) }
      #expect(error.description.hasPrefix("\(file.path): is a Git LFS pointer"))
      #expect(error.hint?.contains("git lfs pull") == true)
    }
  }

  @Test(arguments: [
    "version https://git-lfs.github.com/spec", "version 1\n", "",
    " version https://git-lfs.github.com/spec/v1\n",
    "version https://git-lfs.github.com/spec/v1\n" + String(repeating: "x", count: 1024),
  ])
  func whatIsNone(_ text: String) throws {
    #expect(!LargeFilePointer.isOne(Data(text.utf8)))
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: "file")
    #expect(throws: Never.self) { try LargeFilePointer.refuse(at: file) }
  }
}
