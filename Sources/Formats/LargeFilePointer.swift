import Foundation

/// What `git clone` leaves in place of a large file where git-lfs is not installed: a text of some 130 bytes with the file's
/// hash and size. (git-lfs docs/spec.md)
package enum LargeFilePointer {
  package static let problem =
    "is a Git LFS pointer, not the file itself: its folder was cloned without git-lfs"
  package static let hint = "Run `git lfs pull` in that folder, or download the file"

  /// The specification allows no longer ones.
  private static let longest = 1024

  /// The address of the specification, today's and those of the two drafts before it, which git-lfs still reads.
  private static let beginnings = [
    "version https://git-lfs.github.com/spec/", "version https://hawser.github.com/spec/",
    "version http://git-media.io/v/",
  ].map { Array($0.utf8) }

  /// Whether a file of this content is one.
  package static func isOne(_ data: Data) -> Bool {
    data.count <= longest && beginnings.contains { data.starts(with: $0) }
  }

  /// Throws where one stands at the place; whatever else is there is for its reader to judge.
  package static func refuse(at url: URL) throws(FileError) {
    guard let data = FileStart.read(url, longest + 1), isOne(data) else { return }
    throw FileError(file: url, problem, hint: hint)
  }

  /// The same of a file that is open; its position stays.
  static func stands(at descriptor: Int32, size: Int) -> Bool {
    guard size <= longest else { return false }
    var start = Data(count: 64)
    let count = start.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    return count > 0 && isOne(start.prefix(count))
  }
}
