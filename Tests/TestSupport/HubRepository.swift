import Formats
import Foundation

/// A repository at one commit, for `HubServer`.
package struct HubRepository: Sendable {
  package struct File: Sendable {
    package let content: Data
    /// Whether it is in LFS: named by its SHA-256 and sent by the storage host.
    package let isLarge: Bool
    package let sha256: String
    /// SHA-1 of git's blob; of the pointer, for a large file, in which case it only has to look like one.
    package let blob: String
  }

  /// The token that opens what is private or gated.
  package static let token = "hf_secret"

  package let commit: String
  package var files: [String: File] = [:]
  package var isPrivate = false
  package var isGated = false

  /// - Parameter digit: what the commit is made of
  package init(commit digit: Character = "a") { commit = String(repeating: digit, count: 40) }

  func names(_ revision: String) -> Bool { [commit, "main", "refs/pr/1"].contains(revision) }

  package mutating func add(_ name: String, _ content: Data, isLarge: Bool? = nil) {
    var git = SecureHash(.sha1)
    git.update(Data("blob \(content.count)\0".utf8) + content)
    files[name] = File(
      content: content, isLarge: isLarge ?? [".safetensors", ".bin"].contains(where: name.hasSuffix),
      sha256: SecureHash.sha256(content),
      blob: git.finalize())
  }

  package mutating func add(_ name: String, _ text: String) { add(name, Data(text.utf8)) }

  /// Adds the files of a folder.
  package mutating func add(folder: URL) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      add(name, try Data(contentsOf: folder.appending(path: name)))
    }
  }
}
