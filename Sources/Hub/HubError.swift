import Foundation

/// Why something could not be had from the Hub, and what to do about it.
public struct HubError: Error, Equatable, CustomStringConvertible, LocalizedError {
  public enum Kind: Sendable, Equatable {
    /// No repository of that name, or none that this user may see: the Hub does not tell the two apart.
    case repositoryNotFound
    case revisionNotFound
    case fileNotFound
    /// The repository is there, but its conditions have to be accepted first.
    case gated
    /// The token is not valid, or may not read this.
    case forbidden
    /// No network, no such host, nobody listening, or no answer in time.
    case unreachable
    case rateLimited
    case serverFailure
    /// What answered does not speak the Hub's protocol.
    case notAHub
    /// The bytes are not those that the Hub promised.
    case damaged
    /// The server sent the whole file where a part was asked for.
    case rangeIgnored
    /// The cache cannot be written, or the disk is full.
    case storage
    /// Not in the cache, and the network may not be used.
    case offline
    /// The repository does not hold what is needed.
    case unsuitable
    case settings
  }

  public let kind: Kind
  /// The repository, file or address concerned.
  public let subject: String
  public let problem: String
  public let hint: String?
  /// Whether it may pass if tried again, and after how long where the server says so.
  let isTransient: Bool
  let wait: Duration?

  init(
    _ kind: Kind, _ subject: String, _ problem: String, hint: String? = nil, isTransient: Bool = false,
    wait: Duration? = nil
  ) {
    self.kind = kind
    self.subject = subject
    self.problem = problem
    self.hint = hint
    self.isTransient = isTransient
    self.wait = wait
  }

  /// Whether a copy in the cache may stand in: the Hub could not be asked, or would not say. That a revision is not there
  /// is an answer.
  var permitsCachedCopy: Bool {
    switch kind {
    case .unreachable, .rateLimited, .serverFailure, .notAHub, .repositoryNotFound, .gated, .forbidden: true
    default: false
    }
  }

  public var description: String { "\(subject): \(problem)" + (hint.map { ". " + $0 } ?? "") }
  public var errorDescription: String? { description }
}
