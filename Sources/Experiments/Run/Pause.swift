import Foundation
import PromptTransfer

/// Waits that grow until there is something to do again.
struct Pause {
  private static let first = Duration.milliseconds(20)
  private let limit: Duration
  private var next = Self.first

  init(limit: Duration) { self.limit = limit }

  mutating func reset() { next = Self.first }

  /// - Returns: how long it has waited
  @discardableResult
  mutating func wait(atLeast least: Duration = .zero, unless isOver: () -> Bool) -> Duration {
    let start = ContinuousClock.now
    let end = start + max(next, least)
    while ContinuousClock.now < end, !isOver() {
      Thread.sleep(forTimeInterval: min(0.05, ContinuousClock.now.duration(to: end) / .seconds(1)))
    }
    next = min(max(next, least) * 2, limit)
    return start.duration(to: .now)
  }
}

/// What a shard has where its folder cannot be written, as the disk is full: others may make room. Runs that are no shard have none.
struct Patience {
  private var left: Duration
  private var pause = Pause(limit: .seconds(30))
  private let observer: Runner.Observer

  init(_ terms: Runner.Terms, _ observer: Runner.Observer) {
    left = terms.shard == nil ? .zero : terms.patience
    self.observer = observer
  }

  /// - Returns: whether to try again; false when there is none left
  mutating func wait(after error: any Error, unless isOver: () -> Bool) -> Bool {
    guard left > .zero else { return false }
    observer.note("waiting: \(TransferError(error).description)")
    left -= pause.wait(atLeast: .seconds(1), unless: isOver)
    return true
  }
}
