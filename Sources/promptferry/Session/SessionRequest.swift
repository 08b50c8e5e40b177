import Formats
import Foundation

/// What a session is asked: a command line, and the folder that its paths start from.
struct SessionRequest: Sendable {
  /// Of requests and replies; it grows when an earlier program would misread what is sent.
  static let protocolVersion = 1

  let id: Int
  let arguments: [String]
  /// Nil for the folder that the session was started in.
  let folder: String?

  /// What a line of input means.
  enum Line {
    case request(SessionRequest)
    case cancel(Int)
    /// With the request's number, where one can be read.
    case unreadable(id: Int?, problem: String)
  }
}

extension SessionRequest.Line {
  private static let keys: Set<String> = ["protocol", "id", "arguments", "folder"]

  init(_ line: Data) {
    guard line.count <= SessionInput.longestLine else {
      self = .unreadable(id: nil, problem: "is longer than \(SessionInput.longestLine >> 20) MB")
      return
    }
    let object: JSON
    do { object = try JSON.parse(line) } catch {
      self = .unreadable(id: nil, problem: "\(error)")
      return
    }
    if object.members?.count == 1, let id = object["cancel"]?.int {
      self = .cancel(id)
      return
    }
    let id = object["id"]?.int
    func unreadable(_ problem: String) -> Self { .unreadable(id: id, problem: problem) }
    let words = object["arguments"]?.array
    let arguments = words?.compactMap(\.string)
    if let unknown = object.members?.first(where: { !Self.keys.contains($0.key) }) {
      self = unreadable("has an unknown key, \(unknown.key)")
    } else if object["protocol"]?.int != SessionRequest.protocolVersion {
      self = unreadable("wants \"protocol\": \(SessionRequest.protocolVersion)")
    } else if let folder = object["folder"], folder.string == nil {
      self = unreadable("wants a path as \"folder\"")
    } else if let id, let words, let arguments, words.count == arguments.count {
      self = .request(SessionRequest(id: id, arguments: arguments, folder: object["folder"]?.string))
    } else {
      self = unreadable("wants an integer \"id\" and strings as \"arguments\"")
    }
  }
}
