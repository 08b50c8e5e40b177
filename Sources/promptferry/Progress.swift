import Formats
import Foundation
import PromptTransfer
import Synchronization

/// Progress on standard error: a bar on a terminal; elsewhere, as in logs, a plain line after two seconds, at each tenth and each
/// minute. In a session it is a line to whom asks, ten times a second.
final class ProgressReporter: Sendable {
  enum Unit {
    case things(String)
    case bytes

    var name: String { if case .things(let name) = self { name } else { "bytes" } }

    /// What is done, what there is to do, and the rate.
    fileprivate func text(_ done: Int, _ total: Int, rate: Double) -> String {
      switch self {
      case .things(let name): "\(done)/\(total) \(name), \(rate.formatted(1))/s"
      case .bytes:
        "\((Double(done) / 1e6).formatted(1))/\((Double(total) / 1e6).formatted(1)) MB, \((rate / 1e6).formatted(1)) MB/s"
      }
    }
  }

  private struct State {
    var lastShown = ContinuousClock.now
    var lastTenth = -1
    var isOpen = false
    /// Whether a line was shown, or none is any more.
    var isSettled = false
  }

  private let title: String
  private let unit: Unit
  private let isSilent: Bool
  private let isTerminal = isatty(2) == 1
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(title: String, unit: Unit, isSilent: Bool) {
    self.title = VisibleText.line(title, limit: 60)
    self.unit = unit
    self.isSilent = isSilent
  }

  /// From here on a first line is shown after four seconds at most, whether there is anything to count by then or not.
  func begin() -> Self {
    guard !isSilent, Session.current == nil else { return self }
    DispatchQueue.global().asyncAfter(deadline: .now() + 4) { [weak self] in
      guard let self else { return }
      state.withLock { state in
        guard !state.isSettled else { return }
        state.isSettled = true
        StandardError.write(isTerminal ? "\r\u{1B}[2K\(title) …" : "\(title) …\n")
        state.isOpen = isTerminal
      }
    }
    return self
  }

  /// - Parameter more: what else is known, the most important last
  func update(_ done: Int, of total: Int, more: [String] = []) {
    guard !isSilent, total > 0 else { return }
    let now = ContinuousClock.now
    if let session = Session.current {
      let isDue = state.withLock { state in
        guard now - state.lastShown >= .milliseconds(100) else { return false }
        state.lastShown = now
        return true
      }
      if isDue { session.progress(title, done, of: total, unit.name) }
      return
    }
    state.withLock { state in
      let tenth = done * 10 / total
      let wait: Duration = isTerminal ? .milliseconds(100) : .seconds(2)
      let isDue = isTerminal || tenth > state.lastTenth || now - state.lastShown >= .seconds(60)
      guard now - state.lastShown >= wait, isDue else { return }
      state.lastShown = now
      state.lastTenth = tenth
      state.isSettled = true
      let seconds = start.duration(to: now) / .seconds(1)
      let rate = Double(done) / max(seconds, 1e-9)
      let left = Int(min(Double(total - done) / max(rate, 1e-9), 359_999))  // 99:59:59
      let clock = "\(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60)"
      let numbers = ["\(unit.text(done, total, rate: rate)), \(clock) left"] + more
      if isTerminal {
        let line = line(numbers, done: done, total: total, left: "\(clock) left", more: more)
        StandardError.write("\r\u{1B}[2K\(line)")
        state.isOpen = true
      } else {
        StandardError.write("\(title): \(numbers.joined(separator: ", "))\n")
      }
    }
  }

  /// Of a tuning, with what it has reached.
  /// - Parameter format: how a score is said
  func update(_ tuning: TuningProgress, _ format: (Double) -> String) {
    let more = [
      tuning.loss.map { "loss \($0.formatted(3))" }, tuning.score.map { "dev \(format($0))" },
      tuning.best.map { "best \(format($0))" },
    ]
    update(tuning.done, of: tuning.total, more: more.compactMap { $0 })
  }

  /// The terminal's width, as it is now.
  private static var columns: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// As much of it as one line of the terminal holds: one that is longer could not be cleared.
  private func line(_ numbers: [String], done: Int, total: Int, left: String, more: [String]) -> String {
    func bar(_ width: Int) -> String {
      let filled = width * min(done, total) / total
      return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }
    let room = max(1, Self.columns - 1)
    let short = "\(100 * min(done, total) / total) %, \(left)"
    let all = numbers.joined(separator: ", ")
    // With less room the bar goes first, then the rate, then the title, then what else is known, but for the last of it.
    let known = more.indices.map { more[$0...].joined(separator: ", ") } + (more.isEmpty ? [""] : [])
    let forms =
      ["\(title)  \(bar(24)) \(all)", "\(title)  \(bar(8)) \(all)"]
      + known.flatMap { known in
        let short = known.isEmpty ? short : "\(short), \(known)"
        return ["\(title)  \(short)"] + (known.isEmpty ? [] : [short])
      } + ["\(title.prefix(max(0, room - short.count - 3)))…  \(short)"]
    return forms.first { $0.count <= room } ?? String(short.prefix(room))
  }

  /// Clears the bar.
  func finish() {
    state.withLock { state in
      if state.isOpen { StandardError.write("\r\u{1B}[2K") }
      (state.isOpen, state.isSettled) = (false, true)
    }
  }
}

extension BinaryFloatingPoint {
  /// With that many decimals, whatever the locale.
  func formatted(_ decimals: Int) -> String { String(format: "%.\(decimals)f", Double(self)) }
}
