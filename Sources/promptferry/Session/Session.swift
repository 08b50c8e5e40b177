import ArgumentParser
import Formats
import Foundation
import PromptTransfer
import Synchronization

/// A process that answers one request after another. What verbs print, note and show as progress goes into its replies.
final class Session: Sendable {
  private static let own = Mutex<Session?>(nil)
  /// The session that this process is; nil in all others.
  static var current: Session? { own.withLock { $0 } }

  private struct State {
    /// The request at work.
    var request: Int?
    /// What it has printed.
    var result: String?
    /// Those that are not begun.
    var expected: [Int] = []
    var cancelled: Set<Int> = []
    var endingSignal: Int32?
  }

  private let state = Mutex(State())
  private let writing = Mutex(())
  let input, output: Int32
  private let startFolder = FileManager.default.currentDirectoryPath

  /// Takes standard input and output for itself: what anything else would read is empty, and what it would print is an error's text.
  init() throws {
    (input, output) = (fcntl(0, F_DUPFD_CLOEXEC, 3), fcntl(1, F_DUPFD_CLOEXEC, 3))
    let nothing = open("/dev/null", O_RDONLY)
    guard input >= 0, output >= 0, nothing >= 0, dup2(nothing, 0) >= 0, dup2(2, 1) >= 0 else {
      throw TransferError("session", "wants standard input, output and error output")
    }
    close(nothing)
    OpenedModels.shared.keep()
    Interruption.shared.endRequest()
    Self.own.withLock { $0 = self }
  }

  /// SIGTERM or SIGHUP, when it came during a request; also when replies cannot be written any longer.
  var endingSignal: Int32? { state.withLock { $0.endingSignal } }

  // MARK: Requests

  func expect(_ id: Int) { state.withLock { $0.expected.append(id) } }

  /// A request that has been answered is none.
  func cancel(_ id: Int) {
    state.withLock { state in
      if state.request == id {
        Interruption.shared.request(SIGINT)
      } else if state.expected.contains(id) {
        state.cancelled.insert(id)
      }
    }
  }

  /// Whether it is to be answered: it was not cancelled before.
  private func begin(_ id: Int) -> Bool {
    state.withLock { state in
      if let place = state.expected.firstIndex(of: id) { state.expected.remove(at: place) }
      guard state.cancelled.remove(id) == nil else { return false }
      (state.request, state.result) = (id, nil)
      Interruption.shared.beginRequest()
      return true
    }
  }

  /// Returns what was printed.
  private func end() -> String? {
    state.withLock { state in
      let signal = Interruption.shared.endRequest()
      if signal == SIGTERM || signal == SIGHUP { state.endingSignal = signal }
      state.request = nil
      return state.result
    }
  }

  func answer(_ request: SessionRequest) async {
    guard begin(request.id) else {
      return send(Reply(id: request.id, status: 128 + SIGINT, error: .interrupted))
    }
    let (clock, opened) = (ContinuousClock.now, OpenedModels.shared.openedCount)
    var reply = Reply(id: request.id, status: 0)
    do {
      try enter(request.folder ?? startFolder)
      try await PromptFerry.run(request.arguments)
    } catch {
      reply.status = PromptFerry.exitCode(for: error).rawValue
      if reply.status == 0 {
        reply.message = PromptFerry.fullMessage(for: error)
      } else {
        reply.error = Failure(error, of: request.arguments)
      }
    }
    reply.seconds = clock.duration(to: .now) / .seconds(1)
    reply.opened = OpenedModels.shared.openedCount - opened
    send(reply, result: end())
  }

  private func enter(_ folder: String) throws {
    guard FileManager.default.changeCurrentDirectoryPath(folder) else {
      throw TransferError(
        folder, "is no folder that can be entered", hint: "Send the caller's own as \"folder\"")
    }
  }

  // MARK: Replies

  func hello() { send(Hello(protocol: SessionRequest.protocolVersion, version: PromptFerry.version)) }

  /// Keeps what a verb prints for its reply: JSON of one line. Of several the last one counts.
  func print(_ result: String) { state.withLock { $0.result = result } }

  func note(_ text: String) {
    if let id = state.withLock({ $0.request }) { send(Note(id: id, note: text)) }
  }

  func progress(_ title: String, _ done: Int, of total: Int, _ unit: String) {
    guard let id = state.withLock({ $0.request }) else { return }
    send(Progress(id: id, progress: .init(done: done, title: title, total: total, unit: unit)))
  }

  /// Writes one line. Where nobody reads it, what is at work is stopped, and the session ends after it.
  /// - Parameter result: JSON that is put in as it is
  func send(_ message: some Encodable, result: String? = nil) {
    guard var line = try? compactJSON(message) else { return }
    if let result { line = "\(line.dropLast()),\"result\":\(result)}" }
    let data = Data((line + "\n").utf8)
    let isWritten = writing.withLock { _ in data.withUnsafeBytes { writeAll(output, $0) } }
    guard !isWritten else { return }
    Interruption.shared.request(SIGTERM)
    state.withLock { $0.endingSignal = SIGTERM }
  }
}
