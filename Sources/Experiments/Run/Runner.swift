import Foundation
import PromptTransfer
import Synchronization
import Tensors

/// Runs what is missing of an experiment.
public struct Runner: Sendable {
  public let grid: Grid
  public let store: Store
  private let materials: Materials
  private let version: String

  public var configuration: ExperimentConfiguration { materials.configuration }
  /// The names that the configuration's relations stand for.
  public var relations: [String] { materials.relationNames }

  public init(
    _ configuration: ExperimentConfiguration, store: Store, places: Places, version: String
  ) throws {
    materials = try Materials(configuration, places: places)
    grid = Grid(configuration, relations: materials.relationNames)
    self.store = store
    self.version = version
  }

  /// How much of it is there.
  public struct Status: Sendable, Codable, Equatable {
    public let cellCount, finishedCells, promptCount, finishedPrompts: Int
    public var isFinished: Bool { finishedCells == cellCount }
  }

  public func status() -> Status {
    Status(
      cellCount: grid.cells.count, finishedCells: grid.cells.count(where: store.isFinished),
      promptCount: grid.prompts.count, finishedPrompts: grid.prompts.count(where: store.isFinished))
  }

  /// Tunes the prompts that are missing, then runs the cells that are missing, several at a time.
  /// - Parameter progress: called with what is being done, how much of it is done, and of how much
  /// - Returns: whether all is finished; false when stopped
  public func run(
    _ parallelism: Parallelism,
    progress: @escaping @Sendable (_ stage: Stage, _ done: Int, _ total: Int) -> Void,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> Bool {
    try store.open(materials.foundation(version: version))
    let cells = grid.cells.filter { !store.isFinished($0) }
    let needed = Set(cells.flatMap(\.prompts))
    let prompts = grid.prompts.filter { needed.contains($0) && !store.isFinished($0) }
    try forEach(prompts, .tuning, parallelism, progress, shouldStop) { key, runner in
      try runner.tune(key)?.write(to: store.prompt(key))
    }
    try forEach(cells, .cells, parallelism, progress, shouldStop) { cell, runner in
      guard let (result, timing) = try runner.run(cell) else { return }
      try store.write(result, timing)
    }
    return status().isFinished
  }

  public enum Stage: Sendable { case tuning, cells }

  /// Jobs in parallel, each on its share of the threads; the first error ends it.
  private func forEach<Job: Sendable>(
    _ jobs: [Job], _ stage: Stage, _ parallelism: Parallelism,
    _ progress: @escaping @Sendable (_ stage: Stage, _ done: Int, _ total: Int) -> Void,
    _ shouldStop: @escaping @Sendable () -> Bool,
    _ body: @escaping @Sendable (Job, CellRunner) throws -> Void
  ) throws {
    let width = max(1, min(parallelism.threads, jobs.count))
    let failure = Mutex<(any Error)?>(nil)
    let done = Atomic<Int>(0)
    let isOver: @Sendable () -> Bool = { shouldStop() || failure.withLock { $0 != nil } }
    let runner = CellRunner(
      materials: materials, store: store,
      parallelism: Parallelism(threads: max(1, parallelism.threads / width)), shouldStop: isOver)
    Parallelism(threads: width).forEach(jobs.count) { _, index in
      if isOver() { return }
      do {
        try body(jobs[index], runner)
      } catch {
        failure.withLock { if $0 == nil { $0 = error } }
      }
      progress(stage, done.add(1, ordering: .relaxed).newValue, jobs.count)
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
