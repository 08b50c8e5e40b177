import Dispatch
import Synchronization

/// Runs long work on a queue of its own: it would keep a thread of Swift's cooperative pool from other tasks.
///
/// - Parameter body: is given a question to ask between its steps, whether to stop; what it returns then is not used
/// - Throws: `CancellationError` when the task was cancelled, else `TransferError`
func cancellable<Value: Sendable>(
  _ body: @escaping @Sendable (_ shouldStop: @escaping @Sendable () -> Bool) throws -> Value
) async throws -> Value {
  let flag = CancellationFlag()
  let result = await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      DispatchQueue.global(qos: .userInitiated).async {
        continuation.resume(
          returning: Result {
            if flag.isSet { throw CancellationError() }
            return try body { flag.isSet }
          })
      }
    }
  } onCancel: {
    flag.set()
  }
  // Work that was stopped ends as it can, with a result or with an error: neither is what was asked for.
  if flag.isSet { throw CancellationError() }
  do {
    return try result.get()
  } catch {
    throw TransferError(error)
  }
}

private final class CancellationFlag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
