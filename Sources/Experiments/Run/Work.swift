import Foundation
import PromptTransfer
import Synchronization
import Tensors

/// The work of one run: threads that take units from a queue until it ends.
final class Work: Sendable {
  private let runner: Runner
  private let planned: Runner.Planned
  private let sharing: Sharing
  private let terms: Runner.Terms
  private let observer: Runner.Observer
  private let shouldStop: @Sendable () -> Bool
  private let queue: Mutex<WorkQueue>
  private let failure = Mutex<(any Error)?>(nil)
  private let counts: [WorkUnit.Stage: Int]
  private let width: Int
  private let parallelism, share: Parallelism

  init(
    _ units: [WorkUnit], _ patience: WorkQueue.Patience, runner: Runner, sharing: Sharing,
    terms: Runner.Terms,
    parallelism: Parallelism, observer: Runner.Observer, shouldStop: @escaping @Sendable () -> Bool
  ) throws {
    (self.runner, self.sharing, self.terms) = (runner, sharing, terms)
    (self.observer, self.shouldStop, self.parallelism) = (observer, shouldStop, parallelism)
    planned = try runner.planned()
    queue = Mutex(WorkQueue(terms.shard?.ordered(units) ?? units, sharing, patience: patience))
    counts = Dictionary(grouping: units, by: \.stage).mapValues(\.count)
    // Each GPU has a worker at least.
    width = max(1, min(max(parallelism.threads, runner.materials.devices.count), units.count))
    share = Parallelism(threads: max(1, parallelism.threads / width))
  }

  /// Works until the queue ends, or until it is stopped. The first error ends a run that is no shard.
  /// - Returns: the queue at its end
  func run() throws -> WorkQueue {
    Parallelism(threads: width).forEach(width) { _, worker in takeUnits(worker) }
    if let error = failure.withLock({ $0 }) { throw error }
    return queue.withLock { $0 }
  }

  private var isOver: Bool { shouldStop() || failure.withLock { $0 != nil } }

  /// - Parameter worker: whose GPU it is where there are several: they take turns
  private func takeUnits(_ worker: Int) {
    let devices = runner.materials.devices
    let device = devices[worker % devices.count]
    var pause = Pause(limit: min(sharing.interval, .seconds(5)))
    var patience = Patience(terms, observer)
    while !isOver {
      do {
        switch try queue.withLock({ try $0.next() }) {
        case .end: return
        case .wait: pause.wait { isOver }
        case .run(let claim):
          pause.reset()
          try turn(claim, on: device)
        }
      } catch {
        if !patience.wait(after: error, unless: { isOver }) { failure.withLock { $0 = $0 ?? error } }
      }
      tellProgress()
    }
  }

  private func tellProgress() {
    let finished = queue.withLock { $0.finished }
    for (stage, count) in counts {
      observer.progress(stage == .tuning ? .tuning : .cells, finished[stage] ?? 0, count)
    }
  }

  // MARK: One unit

  /// Throws what a run that is no shard ends with.
  private func turn(_ claim: Sharing.Claim, on device: DeviceChoice) throws {
    let unit = claim.unit
    sharing.begin(claim, description(unit))
    do {
      guard let write = try result(claim, on: device), try persist(write, claim) else {
        // Stopped, or taken over by another run.
        sharing.giveBack(claim)
        queue.withLock { $0.putBack(unit) }
        return
      }
    } catch {
      runner.store.write(
        Failure(what: description(unit), problem: TransferError(error).description, owner: sharing.owner),
        of: unit)
      sharing.giveBack(claim)
      queue.withLock { $0.fail(unit) }
      guard terms.shard != nil else { throw error }
      observer.note("\(description(unit)) failed: \(TransferError(error).description)")
      return
    }
    sharing.finish(claim)
    runner.store.removeState(unit)
    queue.withLock { $0.countFinished(unit) }
  }

  private func description(_ unit: WorkUnit) -> String {
    switch unit.stage {
    case .tuning: planned.grid.prompts[unit.index].description
    case .cells: planned.grid.cells[unit.index].description
    }
  }

  /// What writes the result. Nil when stopped.
  private func result(_ claim: Sharing.Claim, on device: DeviceChoice) throws -> (() throws -> Void)? {
    let (unit, store) = (claim.unit, runner.store)
    let cellRunner = CellRunner(
      materials: runner.materials, store: store, parallelism: share, device: device,
      shouldStop: { [self] in isOver || sharing.isAbandoned(claim) })
    switch unit.stage {
    case .tuning:
      let key = planned.grid.prompts[unit.index]
      guard let inputs = try runner.materials.inputs(key) else { throw gone(key.description) }
      if store.adoptPrompt(inputs) { return {} }
      return try cellRunner.tune(key, inputs).map { prompt in { try prompt.write(to: store.prompt(inputs)) } }
    case .cells:
      let cell = planned.grid.cells[unit.index]
      guard let inputs = try runner.materials.inputs(cell) else { throw gone(cell.description) }
      return try cellRunner.run(cell, inputs).map { result, timing in
        var timing = timing
        timing?.conditions = RunConditions(
          threads: parallelism.threads, program: runner.program, device: device)
        return { [timing] in try store.write(result, timing, at: unit.address) }
      }
    }
  }

  private func gone(_ what: String) -> TransferError {
    TransferError(what, "cannot be run: one of its models is not on this machine any more")
  }

  /// Writes a result; a shard tries again while the folder cannot be written, as the disk is full.
  /// - Returns: false when stopped before
  private func persist(_ write: () throws -> Void, _ claim: Sharing.Claim) throws -> Bool {
    var patience = Patience(terms, observer)
    while true {
      do {
        try write()
        return true
      } catch {
        if isOver || sharing.isAbandoned(claim) { return false }
        if !patience.wait(after: error, unless: { isOver }) { throw error }
      }
    }
  }
}
