/// A model repository of the Hub and a revision of it: `bert-base-cased`, `org/name`, `org/name@revision`; or one GGUF file of it:
/// `org/name/file.gguf`, `org/name/file.gguf@revision`. `hf:` may stand before all of them.
public struct HubID: Sendable, Hashable, CustomStringConvertible {
  public let repository: String
  /// The path of the GGUF file in the repository, where one is meant.
  public let file: String?
  /// A branch, a tag, a reference such as `refs/pr/1`, or a commit.
  public let revision: String

  /// Nil where the text cannot be an id by the Hub's rules.
  public init?(_ text: String) {
    let parts = (text.hasPrefix("hf:") ? text.dropFirst(3) : text[...])
      .split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard var repository = parts.first else { return nil }
    let names = repository.split(separator: "/", omittingEmptySubsequences: false)
    if names.count > 2, names.last?.lowercased().hasSuffix(".gguf") == true {
      let path = names.dropFirst(2)
      guard path.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("\\") }) else { return nil }
      file = path.joined(separator: "/")
      repository = repository[..<names[1].endIndex]
    } else {
      file = nil
    }
    guard Self.isRepository(repository) else { return nil }
    self.repository = String(repository)
    revision = parts.count == 2 ? String(parts[1]) : "main"
    guard Self.isRevision(revision) else { return nil }
  }

  /// Whether the revision is a commit, which never changes its meaning.
  var isCommit: Bool { Self.isCommit(revision) }

  static func isCommit(_ text: String) -> Bool {
    text.utf8.count == 40 && text.allSatisfy { "0123456789abcdef".contains($0) }
  }

  public var description: String {
    let place = file.map { "\(repository)/\($0)" } ?? repository
    return revision == "main" ? place : "\(place)@\(revision)"
  }

  /// One name, or two with a slash between, of letters, digits, `-`, `_` and `.`.
  private static func isRepository(_ text: Substring) -> Bool {
    let names = text.split(separator: "/", omittingEmptySubsequences: false)
    guard names.count <= 2, !text.contains("--"), !text.contains(".."), !text.hasSuffix(".git") else {
      return false
    }
    return names.allSatisfy { name in
      (1...96).contains(name.utf8.count)
        && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        && !["-", "."].contains { name.hasPrefix($0) || name.hasSuffix($0) }
    }
  }

  /// A name that git takes and that stays below the folder of references.
  private static func isRevision(_ text: String) -> Bool {
    let names = text.split(separator: "/", omittingEmptySubsequences: false)
    return text.utf8.count <= 200
      && names.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("..") }
      && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"~^:?*[\\".utf8.contains($0) }
  }
}
