import Foundation

/// A socket that listens on a port of its own.
struct Listener: Sendable {
  private let descriptor: Int32
  let port: UInt16

  init() throws {
    #if os(Linux)
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 64) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    guard isOpen else { throw POSIXError(.EADDRNOTAVAIL) }
    descriptor = listener
    port = UInt16(bigEndian: address.sin_port)
  }

  /// The next connection; nil once stopped.
  func accept() -> Connection? {
    #if os(Linux)
      let connection = Glibc.accept(descriptor, nil, nil)
    #else
      let connection = Darwin.accept(descriptor, nil, nil)
    #endif
    return connection >= 0 ? Connection(descriptor: connection) : nil
  }

  func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// After the last `accept`: the number may then be another socket's.
  func close() { _ = Foundation.close(descriptor) }
}

/// One request and its answer.
struct Connection {
  let descriptor: Int32

  func close() { _ = Foundation.close(descriptor) }

  func readRequest(isStorage: Bool) -> HubServer.Request? {
    var text = Data()
    var buffer = [UInt8](repeating: 0, count: 4096)
    while text.range(of: Data("\r\n\r\n".utf8)) == nil {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0, text.count < 1 << 16 else { return nil }
      text += buffer[..<count]
    }
    let lines = String(decoding: text, as: UTF8.self).components(separatedBy: "\r\n")
    let first = lines[0].split(separator: " ").map(String.init)
    guard first.count == 3 else { return nil }
    let headers = lines.dropFirst().compactMap { line -> (String, String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      return (line[..<colon].lowercased(), value)
    }
    return HubServer.Request(
      method: first[0], path: first[1], isStorage: isStorage,
      headers: Dictionary(headers, uniquingKeysWith: { $1 }))
  }

  /// Sends the answer, or what the fault makes of it, and returns the number of bytes that went out.
  func send(_ answer: HubAnswer, to request: HubServer.Request, fault: HubServer.Fault?) -> Int {
    var answer = answer
    var limit = Int.max
    var piece = (size: Int.max, seconds: 0.0)
    var range = request.headers["range"]
    var isStalled = false
    switch fault {
    case .status(let status, let headers): answer = HubAnswer(status, headers)
    case .drop: return 0
    case .truncate(let count): limit = count
    case .stall(let count): (limit, isStalled) = (count, true)
    case .trickle(let count, let seconds): piece = (count, seconds)
    case .ignoreRange: range = nil
    case .wrongBytes: answer.body = Data(repeating: 0x21, count: answer.body.count)
    case .tooMuch: answer.body += Data("more".utf8)
    case .otherCommit: answer.headers["X-Repo-Commit"] = String(repeating: "f", count: 40)
    case .portal:
      answer = HubAnswer(200, ["Content-Type": "text/html"], Data("<html>Please log in</html>".utf8))
    case .answer(let status, let headers, let body): (answer, range) = (HubAnswer(status, headers, body), nil)
    case .endless(let status, let headers):
      var sent = write(head(HubAnswer(status, ["Content-Length": "1000000000000"].merging(headers) { $1 })))
      let piece = Data(repeating: 0x78, count: 1 << 16)
      while case let count = write(piece), count == piece.count { sent += count }
      return sent
    case nil: break
    }
    if answer.status == 200, let match = range?.wholeMatch(of: /bytes=(\d+)-(\d+)/),
      let (first, last) = Int(match.1).flatMap({ first in Int(match.2).map { (first, $0) } })
    {
      let total = answer.body.count
      guard first < total else { return write(head(HubAnswer(416, ["Content-Range": "bytes */\(total)"]))) }
      let end = min(last, total - 1)
      answer.headers["Content-Range"] = "bytes \(first)-\(end)/\(total)"
      answer.status = 206
      answer.body = answer.body.subdata(in: first..<end + 1)
    }
    var sent = write(head(answer))
    guard request.method != "HEAD" else { return sent }
    var rest = answer.body.prefix(limit)
    while !rest.isEmpty {
      let count = write(rest.prefix(piece.size))
      guard count > 0 else { return sent }
      sent += count
      rest = rest.dropFirst(count)
      if piece.seconds > 0 { Thread.sleep(forTimeInterval: piece.seconds) }
    }
    if isStalled {  // until the client goes away
      var byte: UInt8 = 0
      _ = read(descriptor, &byte, 1)
    }
    return sent
  }

  private func head(_ answer: HubAnswer) -> Data {
    let headers = ["Content-Length": "\(answer.body.count)", "Connection": "close"].merging(answer.headers) {
      $1
    }
    let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
    return Data("HTTP/1.1 \(answer.status) Status\r\n\(lines)\r\n".utf8)
  }

  private func write(_ data: Data) -> Int {
    data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Foundation.write(
          descriptor, UnsafeRawBufferPointer(rebasing: bytes[done...]).baseAddress, bytes.count - done)
        guard count > 0 else { break }
        done += count
      }
      return done
    }
  }
}
