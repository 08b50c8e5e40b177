import Formats
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One HTTP exchange at a time per call, with no redirect followed and no credentials, cookies or cache of its own.
///
/// A delegate and not `URLSession`'s own calls: on Linux they forward `Authorization` to other hosts on a redirect, have
/// no stream of bytes, and download to a folder that may be on another file system.
final class Transport: NSObject, URLSessionDataDelegate, Sendable {
  /// Thrown by who has read enough: the exchange ends, and is no failure.
  struct Enough: Error {}

  /// Why an exchange was given up that went on, but not forward.
  struct TooSlow: Error {
    let seconds: Int
  }

  /// Fewer bytes than this in the longer of `slowest.seconds` and the request's own wait are no progress.
  private static let slowest = (bytes: 1000, seconds: 30.0)

  private let exchanges = Mutex<[ObjectIdentifier: Exchange]>([:])

  /// A session for one request, which ends with it.
  private func session() -> URLSession {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieStorage = nil
    configuration.urlCredentialStorage = nil
    configuration.urlCache = nil
    configuration.timeoutIntervalForResource = .infinity
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    return URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
  }

  /// Sends the request and hands over the answer's head and then its body, piece by piece. What `head` or `body` throws
  /// ends the exchange and is thrown.
  func send(
    _ request: URLRequest, head: @escaping @Sendable (Answer) throws -> Void,
    body: @escaping @Sendable (Data) throws -> Void
  ) async throws -> Answer {
    try Task.checkCancellation()
    let exchange = Exchange(head: head, body: body)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        exchange.begin(continuation)
        watch(exchange, headWithin: request.timeoutInterval)
        // On a thread of its own: on Linux an answer without end, of any session, keeps tasks from being made, and its own from being
        // cancelled.
        Thread.detachNewThread { [self] in start(request, exchange) }
      }
    } onCancel: {
      Self.stop(exchange, URLError(.cancelled))
    }
  }

  private func start(_ request: URLRequest, _ exchange: Exchange) {
    guard exchange.receivedCount != nil else { return }
    let session = session()
    let task = session.dataTask(with: request)
    exchanges.withLock { $0[ObjectIdentifier(task)] = exchange }
    task.resume()
    session.finishTasksAndInvalidate()
    // Only now: on Linux a task that is cancelled first ends the process when it is resumed.
    if exchange.attach(task) { Self.cancel(exchange) }
  }

  /// Hands over what has come, and then stops the rest: the session may be too busy with that to say that it has stopped.
  private static func stop(_ exchange: Exchange, _ error: (any Error)? = nil) {
    exchange.end(error)
    guard exchange.beginStopping() else { return }
    Thread.detachNewThread { cancel(exchange) }
  }

  /// Not at once: on Linux a task that is cancelled while it ends by itself ends the process (TaskRegistry.swift).
  private static func cancel(_ exchange: Exchange) {
    Thread.sleep(forTimeInterval: 0.2)
    exchange.takeTask()?.cancel()
  }

  /// Ends an exchange that makes no progress. The session's own time-out is of answers without a byte, and does not look at heads: of a
  /// redirect there is none on Linux until the end of its body, which may have none.
  private func watch(_ exchange: Exchange, headWithin wait: Double) {
    let slowest = max(Self.slowest.seconds, wait)
    Task {
      var (count, seconds) = (0, wait + 1)
      while true {
        try await Task.sleep(for: .seconds(seconds))
        guard let received = exchange.receivedCount else { return }
        let isSlow = seconds < slowest ? !exchange.hasHead : received - count < Self.slowest.bytes
        if isSlow { return Self.stop(exchange, TooSlow(seconds: Int(clamping: seconds))) }
        (count, seconds) = (received, slowest)
      }
    }
  }

  /// Nobody is asked for a name and a password: the answer that wants them is the answer. Without this it never comes on Linux.
  func urlSession(
    _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
    completionHandler: @escaping (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
  ) {
    guard let response = challenge.failureResponse as? HTTPURLResponse, let exchange = exchange(task) else {
      return completionHandler(.performDefaultHandling, nil)
    }
    _ = exchange.begin(response)
    exchange.end(nil)
    completionHandler(.cancelAuthenticationChallenge, nil)
  }

  private func exchange(_ task: URLSessionTask) -> Exchange? {
    exchanges.withLock { $0[ObjectIdentifier(task)] }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
  ) {
    proceed(task, response) { completionHandler(nil) }
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    proceed(dataTask, response) { completionHandler(.allow) }
  }

  /// Lets the session go on, or stops the exchange, without an answer to the session: on Linux one that comes to be read after its task
  /// was cancelled ends the process (HTTPURLProtocol.swift), as on a busy machine it may.
  private func proceed(_ task: URLSessionTask, _ response: URLResponse, _ goOn: () -> Void) {
    guard let exchange = exchange(task) else { return }
    if let response = response as? HTTPURLResponse, exchange.begin(response) {
      goOn()
    } else {
      Self.stop(exchange)
    }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard let exchange = exchange(dataTask), !exchange.receive(data) else { return }
    Self.stop(exchange)
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    guard let exchange = exchanges.withLock({ $0.removeValue(forKey: ObjectIdentifier(task)) }) else {
      return
    }
    exchange.finish()
    exchange.end(error)
  }
}

/// One request on its way. Its calls come one after the other, on the session's queue.
private final class Exchange: Sendable {
  private struct State {
    var answer: Answer?
    var failure: (any Error)?
    var receivedCount = 0
    /// What asks, from when it is made until it ends or is cancelled.
    var task: URLSessionTask?
    var (isStopping, isFinished) = (false, false)
    /// Whoever waits for it; nil before and after.
    var continuation: CheckedContinuation<Answer, any Error>?
    /// Whether the answer, or why there is none, has been handed over.
    var isOver = false
  }

  private let head: @Sendable (Answer) throws -> Void
  private let body: @Sendable (Data) throws -> Void
  private let state = Mutex(State())

  init(
    head: @escaping @Sendable (Answer) throws -> Void, body: @escaping @Sendable (Data) throws -> Void
  ) {
    self.head = head
    self.body = body
  }

  /// Whether the exchange has been stopped meanwhile.
  func attach(_ task: URLSessionTask) -> Bool {
    state.withLock {
      if !$0.isFinished { $0.task = task }
      return $0.isStopping
    }
  }

  /// Whether nobody has stopped it before.
  func beginStopping() -> Bool {
    state.withLock { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
  }

  /// The task, unless it has ended or somebody has taken it to cancel it.
  func takeTask() -> URLSessionTask? {
    state.withLock { state in
      defer { state.task = nil }
      return state.task
    }
  }

  /// The task has ended by itself.
  func finish() { state.withLock { ($0.task, $0.isFinished) = (nil, true) } }

  /// From here on somebody waits; where it was stopped before, no longer.
  func begin(_ continuation: CheckedContinuation<Answer, any Error>) {
    let isOver = state.withLock { state in
      if !state.isOver { state.continuation = continuation }
      return state.isOver
    }
    if isOver { continuation.resume(throwing: CancellationError()) }
  }

  /// Whether the exchange goes on.
  func begin(_ response: HTTPURLResponse) -> Bool {
    guard let url = response.url else { return false }
    let headers = response.allHeaderFields.compactMap { key, value in
      (key as? String).map { ($0, "\(value)") }
    }
    let answer = Answer(
      url: url, status: response.statusCode, headers: Dictionary(headers, uniquingKeysWith: { $1 }))
    let isFirst = state.withLock { state in
      defer { state.answer = answer }
      return state.answer == nil
    }
    return !isFirst || attempt { try head(answer) }
  }

  func receive(_ data: Data) -> Bool {
    state.withLock { $0.receivedCount += data.count }
    return attempt { try body(data) }
  }

  /// Bytes of the body so far; nil when it is over.
  var receivedCount: Int? { state.withLock { $0.isOver ? nil : $0.receivedCount } }

  var hasHead: Bool { state.withLock { $0.answer != nil } }

  /// Hands over what has come of it, once.
  func end(_ error: (any Error)?) {
    let (answer, failure, continuation) = state.withLock { state in
      defer { (state.isOver, state.continuation) = (true, nil) }
      return (state.answer, state.failure, state.continuation)
    }
    if failure is Transport.Enough, let answer {
      continuation?.resume(returning: answer)
    } else if let failure = failure ?? error {
      continuation?.resume(throwing: failure)
    } else if let answer {
      continuation?.resume(returning: answer)
    } else {
      continuation?.resume(throwing: URLError(.badServerResponse))
    }
  }

  private func attempt(_ step: () throws -> Void) -> Bool {
    guard state.withLock({ $0.failure == nil && !$0.isOver }) else { return false }
    do {
      try step()
      return true
    } catch {
      state.withLock { $0.failure = error }
      return false
    }
  }
}
