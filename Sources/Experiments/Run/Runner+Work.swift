import Formats
import Foundation
import PromptTransfer
import Synchronization
import Tensors

extension Runner {
  public enum Stage: Sendable { case tuning, cells }

  /// One of several runs that share an experiment by design, as the tasks of a scheduler's array do.
  public struct Shard: Sendable, Equatable {
    /// From 0.
    public let index: Int
    public let count: Int

    public init?(index: Int, count: Int) {
      guard count > 0, (0..<count).contains(index) else { return nil }
      (self.index, self.count) = (index, count)
    }

    /// The units, its own first.
    func ordered(_ units: [WorkUnit]) -> [WorkUnit] {
      let start = units.count * index / count
      return Array(units[start...] + units[..<start])
    }
  }

  /// How a run shares the work with others.
  public struct Terms: Sendable {
    /// Nil for a run that stays until everything is finished, and that ends at the first error.
    public var shard: Shard?
    /// After how long without a sign of life a run is taken for lost: more than the time after which the file system shows what other
    /// machines have written.
    public var lease: Duration
    /// How long a result that cannot be written, as the disk is full, is tried again.
    public var patience: Duration

    public init(shard: Shard? = nil, lease: Duration = .seconds(180), patience: Duration = .seconds(1800)) {
      (self.shard, self.lease, self.patience) = (shard, lease, patience)
    }
  }

  public enum Outcome: Sendable, Equatable {
    case finished
    /// Stopped before the end.
    case interrupted
    /// Other runs hold what is left: so many prompts and cells.
    case leftToOthers(Int)
    /// So many prompts and cells failed, or need what did. The rest is finished.
    case failed(Int)
  }

  /// What a run tells of itself.
  public struct Observer: Sendable {
    /// What is being done, how much of it is done, and of how much.
    var progress: @Sendable (_ stage: Stage, _ done: Int, _ total: Int) -> Void
    var note: @Sendable (String) -> Void

    public init(
      progress: @escaping @Sendable (Stage, Int, Int) -> Void = { _, _, _ in },
      note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
      (self.progress, self.note) = (progress, note)
    }
  }

  /// Tunes the prompts that are missing, then runs the cells that are missing, several at a time, and shares both with other runs of
  /// the same folder.
  public func run(
    _ parallelism: Parallelism, _ terms: Terms = Terms(), _ observer: Observer = Observer(),
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> Outcome {
    let files = SharedFolder(store.folder)
    guard let (units, sharing) = try begin(terms, files, observer, shouldStop) else { return .interrupted }
    let heart = Heart(sharing)
    defer {
      heart.stop()
      sharing.end()
      files.removeCard()
      // Others may see late what shards have finished.
      if terms.shard == nil { store.clearClaims() }
    }
    func work(_ units: [WorkUnit], _ patience: WorkQueue.Patience) throws -> WorkQueue {
      try Work(
        units, patience, runner: self, sharing: sharing, terms: terms, parallelism: parallelism,
        observer: observer, shouldStop: shouldStop
      ).run()
    }
    // What others tune meanwhile is waited for among the cells, some of which may be ready.
    let tuning = try work(units.prompts, .none)
    if shouldStop() { return .interrupted }
    let rest = try work(
      tuning.left + tuning.failed + units.cells, terms.shard == nil ? .all : .unlessKept)
    if shouldStop() { return .interrupted }
    if !rest.left.isEmpty { return .leftToOthers(rest.left.count) }
    guard rest.failed.isEmpty else { return .failed(rest.failed.count) }
    return .finished
  }

  /// What is to be done, and this run's part in it. Nil when stopped before.
  private func begin(
    _ terms: Terms, _ files: SharedFolder, _ observer: Observer, _ shouldStop: () -> Bool
  ) throws -> (units: Units, sharing: Sharing)? {
    var patience = Patience(terms, observer)
    while !shouldStop() {
      do {
        let units = try units()
        if terms.shard == nil { store.forgetFailures(of: units.prompts + units.cells) }
        return (
          units, try Sharing(.current(), files, lease: terms.lease, now: MonotonicClock.now)
        )
      } catch let error where error is FileError || (error as? TransferError)?.subject == store.folder.path {
        if !patience.wait(after: error, unless: shouldStop) { throw error }
      }
    }
    return nil
  }

  /// Writes down what is planned, so that who looks at it does not work it out again. Not where a model is not on this machine.
  public func writePlan() throws {
    guard let key = try materials.planKey(version: version) else { return }
    let plan = try planned()
    let current = Plan(
      key: key, prompts: plan.prompts.compactMap(\.self), cells: plan.cells.compactMap(\.self))
    if try self.plan() != current { try current.write(to: store.plan) }
  }

  private typealias Units = (prompts: [WorkUnit], cells: [WorkUnit])

  /// What is not finished: cells, and the prompts that they need, each once. Writes down what is planned.
  private func units() throws -> Units {
    let plan = try planned()
    if let missing = plan.cells.firstIndex(of: nil) {
      throw TransferError(
        plan.grid.cells[missing].description, "cannot be run: one of its models is not on this machine")
    }
    try store.open(materials.record(version: version), addresses: addresses())
    try writePlan()
    let promptAddresses = Dictionary(uniqueKeysWithValues: zip(plan.grid.prompts, plan.prompts))
    var seen = store.addresses(in: "cells")
    var needed: Set<UInt64> = []
    var cells: [WorkUnit] = []
    for (index, cell) in plan.grid.cells.enumerated() {
      guard let address = plan.cells[index], seen.insert(address).inserted else { continue }
      let needs = cell.prompts.compactMap { promptAddresses[$0] ?? nil }
      needed.formUnion(needs)
      cells.append(
        WorkUnit(address: Plan.text(address), needs: needs.map { Plan.text($0) }, index: index))
    }
    var known = store.addresses(in: "prompts")
    var prompts: [WorkUnit] = []
    for (index, address) in plan.prompts.enumerated() {
      guard let address, needed.contains(address), known.insert(address).inserted else { continue }
      prompts.append(WorkUnit(stage: .tuning, address: Plan.text(address), index: index))
    }
    return (prompts, cells)
  }
}

/// A clock that never goes back and is compared with no other.
enum MonotonicClock {
  private static let start = ContinuousClock.now
  @Sendable static func now() -> Duration { start.duration(to: .now) }
}

/// Shows now and then that a run lives, on a thread of its own.
private final class Heart: Sendable {
  private let isStopped = Atomic<Bool>(false)
  private let wake = DispatchSemaphore(value: 0)
  private let hasEnded = DispatchSemaphore(value: 0)

  init(_ sharing: Sharing) {
    let thread = Thread { [self] in
      let interval = sharing.interval / .seconds(1)
      while !isStopped.load(ordering: .acquiring) {
        _ = wake.wait(timeout: .now() + interval)
        if !isStopped.load(ordering: .acquiring) { sharing.beat() }
      }
      hasEnded.signal()
    }
    thread.start()
  }

  /// Returns when no sign of life is being written any more.
  func stop() {
    isStopped.store(true, ordering: .releasing)
    wake.signal()
    hasEnded.wait()
  }
}
