import LanguageModels
import Synchronization
import Tensors

/// A workspace for each worker. `Parallelism.forEach` never runs one worker twice at a time, so none is shared.
struct Workers: @unchecked Sendable {
  private let workspaces: [Workspace]

  init(_ parallelism: Parallelism, keepingLayers: Bool) {
    workspaces = (0..<parallelism.threads).map { _ in Workspace(keepsLayers: keepingLayers) }
  }

  subscript(worker: Int) -> Workspace { workspaces[worker] }
}

extension Parallelism {
  /// On a device a few workers are enough to keep it at work, and each has buffers of its own there.
  func suiting(_ network: any Network) -> Parallelism {
    network.sequencesPerTask == nil ? self : Parallelism(threads: min(threads, 4))
  }
}

/// Sets of workspaces for scoring that are not in use, kept for the next call.
final class WorkerPool: Sendable {
  private let parallelism: Parallelism
  private let free = Mutex<[Workers]>([])

  init(_ parallelism: Parallelism) { self.parallelism = parallelism }

  func take() -> Workers { free.withLock { $0.popLast() } ?? Workers(parallelism, keepingLayers: false) }
  func giveBack(_ workers: Workers) { free.withLock { $0.append(workers) } }
}

/// Results of parallel tasks, kept in the tasks' order.
package final class Collected<Value: Sendable>: Sendable {
  private let values: Mutex<(values: [Value?], count: Int)>

  package init(count: Int) { values = Mutex((Array(repeating: nil, count: count), 0)) }

  /// Returns how many are there now.
  @discardableResult
  package func set(_ value: Value, at task: Int) -> Int {
    values.withLock {
      $0.values[task] = value
      $0.count += 1
      return $0.count
    }
  }

  /// All of them, or nil when one is missing.
  package func all() -> [Value]? {
    values.withLock { state in
      let present = state.values.compactMap { $0 }
      return present.count == state.values.count ? present : nil
    }
  }
}
