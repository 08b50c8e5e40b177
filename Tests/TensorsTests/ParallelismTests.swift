import Synchronization
import Tensors
import TestSupport
import Testing

@Suite struct ParallelismTests {
  @Test(arguments: [1, 2, 3, 8], [0, 1, 2, 7, 1000])
  func everyTaskOnce(_ threads: Int, _ tasks: Int) {
    let counts = Mutex([Int](repeating: 0, count: tasks))
    let workers = Mutex(Set<Int>())
    Parallelism(threads: threads).forEach(tasks) { worker, task in
      counts.withLock { $0[task] += 1 }
      _ = workers.withLock { $0.insert(worker) }
    }
    #expect(counts.withLock { $0 } == [Int](repeating: 1, count: tasks))
    #expect(workers.withLock { $0 }.allSatisfy { $0 >= 0 && $0 < min(threads, max(tasks, 1)) })
  }

  @Test func aWorkerNeverOverlapsItself() {
    let threads = 4
    let busy = Mutex([Bool](repeating: false, count: threads))
    let overlaps = Mutex(0)
    Parallelism(threads: threads).forEach(500) { worker, task in
      let wasBusy = busy.withLock { flags in
        defer { flags[worker] = true }
        return flags[worker]
      }
      var stream = RandomStream(seed: UInt64(task), name: "work")
      let sum = (0..<200).reduce(0.0) { total, _ in total + stream.uniform() }
      busy.withLock { $0[worker] = false }
      if wasBusy || sum < 0 { overlaps.withLock { $0 += 1 } }
    }
    #expect(overlaps.withLock { $0 } == 0)
  }

  @Test func fewerThanNoTasks() {
    Parallelism(threads: 2).forEach(-1) { _, _ in Issue.record("a task ran") }
  }

  @Test func somethingIsGranted() {
    #expect(Parallelism.granted.threads > 0)
  }
}
