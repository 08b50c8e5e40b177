import Synchronization

/// Results of parallel jobs in the jobs' order, or the first job's error.
final class OrderedResults<Value: Sendable>: Sendable {
  private let results: Mutex<(values: [Result<Value, any Error>?], count: Int)>

  init(count: Int) { results = Mutex((Array(repeating: nil, count: count), 0)) }

  /// Keeps what `body` returns or throws; returns how many jobs are done.
  func set(at index: Int, _ body: () throws -> Value) -> Int {
    let result = Result { try body() }
    return results.withLock {
      $0.values[index] = result
      $0.count += 1
      return $0.count
    }
  }

  /// All values; every job must be done.
  func values() throws -> [Value] { try results.withLock { $0.values }.compactMap { try $0?.get() } }
}
