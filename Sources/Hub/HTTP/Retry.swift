/// How failures that may pass are met: tried again after 1, 2, 4 and 8 seconds, or when the server says.
public struct Retry: Sendable {
  /// How often a request is made before it is given up.
  public var attempts = 5
  /// A server that asks for more patience is told to the user instead.
  public var longestWait = Duration.seconds(600)
  /// Waits. Tests put something faster here.
  public var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  public init() {}

  /// Runs `body` until it succeeds or fails for good.
  /// - Parameter received: bytes so far, more than ever before is progress, and starts the count anew
  func callAsFunction<Value>(
    received: @autoclosure () -> Int = 0, note: (String) -> Void, _ body: () async throws -> Value
  ) async throws -> Value {
    var failures = 0
    var most = received()
    while true {
      do {
        return try await body()
      } catch let error as HubError where error.isTransient {
        failures = received() > most ? 1 : failures + 1
        most = max(most, received())
        let wait = error.wait ?? .seconds(1 << min(failures - 1, 3))
        guard failures < attempts, wait <= longestWait else { throw error }
        if wait > .seconds(2) {
          note("\(error.subject): \(error.problem). Trying again in \(wait.components.seconds) s.")
        }
        try await pause(wait)
      }
    }
  }
}
