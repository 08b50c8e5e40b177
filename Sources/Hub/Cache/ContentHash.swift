import Crypto
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
  private enum State {
    case sha256(SHA256)
    case gitBlob(Insecure.SHA1)
  }

  private var state: State

  /// - Parameter size: of the whole content; git hashes it first
  init(like expected: ContentHash, size: Int) {
    switch expected {
    case .sha256: state = .sha256(SHA256())
    case .gitBlob:
      var hash = Insecure.SHA1()
      hash.update(data: Data("blob \(size)\0".utf8))
      state = .gitBlob(hash)
    }
  }

  mutating func update(_ data: Data) {
    switch state {
    case .sha256(var hash):
      hash.update(data: data)
      state = .sha256(hash)
    case .gitBlob(var hash):
      hash.update(data: data)
      state = .gitBlob(hash)
    }
  }

  func finalize() -> ContentHash {
    func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
      digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
    switch state {
    case .sha256(let hash): return .sha256(hexadecimal(hash.finalize()))
    case .gitBlob(let hash): return .gitBlob(hexadecimal(hash.finalize()))
    }
  }
}
