import Formats
import Foundation

/// What a file's content hashes to, which is also its name among the blobs.
enum ContentHash: Sendable, Equatable {
  /// Of the content: for files in LFS or Xet storage.
  case sha256(String)
  /// SHA-1 of git's `blob` object: for the others.
  case gitBlob(String)

  var name: String {
    switch self {
    case .sha256(let name), .gitBlob(let name): name
    }
  }

  /// A hash of as many hexadecimal digits as it should have; names of blobs come from elsewhere.
  init?(sha256 text: String) {
    guard text.wholeMatch(of: /[0-9a-f]{64}/) != nil else { return nil }
    self = .sha256(text)
  }

  init?(gitBlob text: String) {
    guard text.wholeMatch(of: /[0-9a-f]{40}/) != nil else { return nil }
    self = .gitBlob(text)
  }
}

/// Computes a `ContentHash` as the bytes come.
struct ContentHasher {
  private var hash: SecureHash
  private let isGitBlob: Bool

  /// - Parameter size: of the whole content; git hashes it first
  init(like expected: ContentHash, size: Int) {
    switch expected {
    case .sha256: (hash, isGitBlob) = (SecureHash(.sha256), false)
    case .gitBlob:
      (hash, isGitBlob) = (SecureHash(.sha1), true)
      hash.update(Data("blob \(size)\0".utf8))
    }
  }

  mutating func update(_ data: Data) { hash.update(data) }

  func finalize() -> ContentHash { isGitBlob ? .gitBlob(hash.finalize()) : .sha256(hash.finalize()) }
}
