import Foundation

/// The head of an HTTP answer.
struct Answer: Sendable {
  let url: URL
  let status: Int
  /// By lower-case name.
  private var headers: [String: String]

  init(url: URL, status: Int, headers: [String: String]) {
    self.url = url
    self.status = status
    self.headers = Dictionary(headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
  }

  subscript(_ name: String) -> String? { headers[name.lowercased()] }

  /// This answer with the marks of the one that led here: a storage host's own tag is not the Hub's.
  func led(by first: Answer?) -> Answer {
    guard let first else { return self }
    var all = self
    if first["X-Repo-Commit"] != nil { all.headers["etag"] = nil }
    for name in ["x-repo-commit", "x-linked-etag", "x-linked-size"] {
      all.headers[name] = first[name] ?? self[name]
    }
    return all
  }

  var isSuccess: Bool { (200..<300).contains(status) }
  var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) && self["Location"] != nil }

  /// The name the Hub gives the content, without quotes and the mark of a weak tag: of the file itself where the answer
  /// only leads to it.
  var entityTag: String? {
    guard var tag = (self["X-Linked-Etag"] ?? self["ETag"]).map({ $0[...] }) else { return nil }
    if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
    return tag.trimmingCharacters(in: ["\""])
  }

  /// The bytes that the answer holds and the size of the whole file.
  var contentRange: (bytes: ClosedRange<Int>, total: Int?)? {
    guard let match = self["Content-Range"]?.wholeMatch(of: /bytes (\d+)-(\d+)\/(\d+|\*)/),
      let first = Int(match.1), let last = Int(match.2), first <= last
    else { return nil }
    return (first...last, Int(match.3))
  }

  /// Where the next page of a list is.
  var nextPage: String? {
    self["Link"]?.firstMatch(of: /<([^>]*)>\s*;[^,]*rel="?next"?/).map { String($0.1) }
  }

  /// More than any wait that is waited for: a larger one is this long.
  private static let longestWait = 1 << 30

  /// How long the server asks to wait: by `RateLimit` (IETF draft) where its quota is used up, else by `Retry-After`.
  var wait: Duration? {
    if status == 429, let match = self["RateLimit"]?.firstMatch(of: /;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)/),
      let seconds = Int(match.1)
    {
      return .seconds(min(seconds, Self.longestWait) + 1)
    }
    return self["Retry-After"].flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }.map {
      .seconds(min(max(0, $0), Self.longestWait) + 1)
    }
  }
}
