import Dispatch
import Foundation
import Synchronization

/// How many threads work, and the loop they share.
public struct Parallelism: Sendable {
  public let threads: Int

  public init(threads: Int) {
    precondition(threads > 0)
    self.threads = threads
  }

  /// What the machine or the scheduler grants: `SLURM_CPUS_PER_TASK`, else `OMP_NUM_THREADS`, else the
  /// processors that this process may use; never more than its control group lets run at a time.
  public static var granted: Parallelism {
    granted(
      ProcessInfo.processInfo.environment, processors: ProcessInfo.processInfo.activeProcessorCount,
      group: .own)
  }

  package static func granted(
    _ environment: [String: String], processors: Int, group: ControlGroup
  ) -> Parallelism {
    let limit = group.processors.map { max(1, Int($0.rounded(.up))) } ?? 1024
    for name in ["SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS"] {
      if let count = environment[name].flatMap({ Int($0) }), count > 0 {
        return Parallelism(threads: min(count, limit, 1024))
      }
    }
    return Parallelism(threads: max(1, min(processors, limit)))
  }

  /// Calls `body(worker, task)` once for every task in `0 ..< tasks`, with `worker` in `0 ..< threads`. Calls of
  /// one worker never overlap, so a worker may own a workspace. Which worker takes which task is not
  /// determined: results must depend on the task alone.
  public func forEach(_ tasks: Int, _ body: @Sendable (_ worker: Int, _ task: Int) -> Void) {
    let workers = min(threads, tasks)
    guard workers > 1 else {
      for task in 0..<max(0, tasks) { body(0, task) }
      return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      while true {
        let task = next.add(1, ordering: .relaxed).oldValue
        guard task < tasks else { return }
        body(worker, task)
      }
    }
  }
}

/// A pointer that tasks share; each writes elements of its own.
package struct SharedPointer<Element>: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Element>?

  package init(_ base: UnsafeMutablePointer<Element>?) { self.base = base }
}
