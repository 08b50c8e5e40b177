import Foundation

/// The lines that a session is sent, read on a thread of their own: a request is cancelled while it is worked on.
enum SessionInput {
  /// In bytes. Of a longer line one byte more is kept.
  static let longestLine = 16 << 20

  /// - Parameters:
  ///   - output: where replies go. When input has ended and nobody reads them any longer, what is at work is stopped
  ///   - receive: gets each line, then nil at the end
  static func read(
    _ input: Int32, endOfReplies output: Int32, receive: @escaping @Sendable (Data?) -> Void
  ) {
    let thread = Thread {
      lines(of: input, receive)
      receive(nil)
      waitForNoReader(of: output)
      Interruption.shared.request(SIGTERM)
    }
    thread.name = "requests"
    thread.start()
  }

  private static func lines(of input: Int32, _ receive: (Data) -> Void) {
    var line = Data()
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    func end() {
      if line.contains(where: { !" \t\r".utf8.contains($0) }) { receive(line) }
      line = Data()
    }
    while true {
      let count = Foundation.read(input, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return end() }
      var rest = bytes[..<count]
      while let feed = rest.firstIndex(of: 0x0A) {
        line.append(contentsOf: rest[..<feed].prefix(longestLine + 1 - line.count))
        end()
        rest = rest[(feed + 1)...]
      }
      line.append(contentsOf: rest.prefix(longestLine + 1 - line.count))
    }
  }

  /// A pipe whose other end is closed is an error, which is told unasked; of a file nothing ever is.
  private static func waitForNoReader(of output: Int32) {
    var place = pollfd(fd: output, events: 0, revents: 0)
    while poll(&place, 1, -1) <= 0 {}
  }
}
