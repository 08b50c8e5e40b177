import ArgumentParser
import Dispatch
import Formats
import Foundation
import Synchronization

/// What Ctrl-C, a scheduler's SIGTERM and a terminal that goes away (SIGHUP) do, and SIGUSR2, by which a scheduler says that its
/// SIGTERM is near.
///
/// While nothing would be lost they end the process at once. Work whose half is worth keeping asks `isRequested` between its
/// steps instead, after `beginWork`. A second signal ends it at once, but for the first SIGTERM after SIGUSR2. The exit status is 128
/// and the number of the first signal.
final class Interruption: @unchecked Sendable {  // dispatch sources may be used from any thread
  /// The process' own, in place from its beginning.
  static let shared = Interruption()

  private struct State {
    var number: Int32?
    var endsItself = false
    var limit, limitOfTermination: DispatchTimeInterval?
    /// Whether a second signal ends it at once.
    var isUrged = false
    /// What is said where the process ends at once.
    var remains = "nothing was written."
    /// Of a session: how many requests there were, and whether it waits for one.
    var requestCount = 0
    var isBetweenRequests = false
  }

  private let state = Mutex(State())
  private let flag = Atomic<Bool>(false)
  /// A queue of its own, which has a thread while all others work.
  private let queue = DispatchQueue(label: "signals", qos: .userInteractive)
  private var sources: [any DispatchSourceSignal] = []

  private init() {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR2] {
      let earlier = signal(number, SIG_IGN)
      // nohup has it ignored, and means it.
      if number == SIGHUP, unsafeBitCast(earlier, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        continue
      }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [unowned self] in receive(number) }
      source.resume()
      sources.append(source)
    }
  }

  /// From here on a first signal is a request, which who works looks at.
  /// - Parameters:
  ///   - limit: how long after it the process ends all the same; forever when nil, and after SIGUSR2
  ///   - limitOfTermination: the same after SIGTERM
  ///   - remains: what is then said
  func beginWork(
    endingWithin limit: DispatchTimeInterval? = nil,
    whenTerminated limitOfTermination: DispatchTimeInterval? = nil,
    remains: String? = nil
  ) {
    state.withLock {
      ($0.endsItself, $0.limit, $0.limitOfTermination) = (true, limit, limitOfTermination ?? limit)
      if let remains { $0.remains = remains }
    }
  }

  var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// The exit status of work that was stopped: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
  var exit: ExitCode { ExitCode(128 + (state.withLock { $0.number } ?? SIGINT)) }

  /// Does what a first signal does; after a first one, nothing.
  func request(_ number: Int32) {
    if !isRequested { receive(number) }
  }

  /// A session's next request: none of the signals before is meant for it, and all its verbs end themselves.
  func beginRequest() {
    state.withLock {
      $0 = State(endsItself: true, requestCount: $0.requestCount + 1)
      flag.store(false, ordering: .relaxed)
    }
  }

  /// Between requests Ctrl-C is meant for who asks, and other signals end a session at once. Returns the first signal that came during
  /// the last one.
  @discardableResult func endRequest() -> Int32? {
    state.withLock {
      let number = $0.number
      $0 = State(requestCount: $0.requestCount, isBetweenRequests: true)
      flag.store(false, ordering: .relaxed)
      return number
    }
  }

  private func receive(_ number: Int32) {
    if state.withLock({ $0.isBetweenRequests }) {
      if number == SIGTERM || number == SIGHUP { end(number, saying: nil) }
      return
    }
    let (first, wasUrged, state) = state.withLock { state in
      let before = (state.number == nil, state.isUrged)
      state.number = state.number ?? number
      state.isUrged = state.isUrged || number != SIGUSR2
      return (before.0, before.1, state)
    }
    flag.store(true, ordering: .relaxed)
    if !state.endsItself { end(state.number ?? number, saying: first ? state.remains : nil) }
    guard number != SIGUSR2 else { return }
    if wasUrged { end(state.number ?? number, saying: nil) }
    if let limit = number == SIGTERM ? state.limitOfTermination : state.limit {
      queue.asyncAfter(deadline: .now() + limit) { [unowned self] in
        guard self.state.withLock({ $0.requestCount }) == state.requestCount else { return }
        end(state.number ?? number, saying: state.remains)
      }
    }
  }

  private func end(_ number: Int32, saying remains: String?) -> Never {
    if let remains, !CommandLine.arguments.contains("--quiet") {
      StandardError.write((isatty(2) == 1 ? "\r\u{1B}[2K" : "") + "Interrupted: \(remains)\n")
    }
    Temporaries.removeAll()
    _exit(128 + number)
  }

  /// Runs `body`, and cancels it when an end is requested; then `CancellationError` is thrown.
  func cancelling<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value
  {
    let before = state.withLock { $0.endsItself }
    beginWork()
    defer { state.withLock { $0.endsItself = before } }
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        while !self.isRequested { try await Task.sleep(for: .milliseconds(50)) }
        return nil
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() ?? nil else { throw CancellationError() }
      return value
    }
  }
}
