import Synchronization

/// How a fetch tells what it does.
public struct HubObserver: Sendable {
  /// Bytes that are there and bytes that are needed, as far as known by now.
  public let progress: @Sendable (_ received: Int, _ total: Int) -> Void
  /// Something the user should know that is no error.
  public let note: @Sendable (String) -> Void

  public init(
    progress: @escaping @Sendable (_ received: Int, _ total: Int) -> Void = { _, _ in },
    note: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.progress = progress
    self.note = note
  }
}

/// Counts the bytes of one fetch over all its files.
final class Meter: Sendable {
  private let counts = Mutex((received: 0, total: 0))
  private let observer: HubObserver

  init(_ observer: HubObserver) { self.observer = observer }

  var received: Int { counts.withLock { $0.received } }

  func expect(_ bytes: Int) { counts.withLock { $0.total += bytes } }

  /// More bytes came; fewer, where some have to be fetched again.
  func receive(_ bytes: Int) {
    let now = counts.withLock { counts in
      counts.received += bytes
      return counts
    }
    observer.progress(now.received, max(now.total, now.received))
  }
}
