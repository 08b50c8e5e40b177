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
  private let plan = Shelf<[Planned]>(capacity: 1)

  /// A cell, and what it rests on; nil where one of its models is not on this machine.
  private struct Planned: Sendable {
    let cell: Cell
    let inputs: CellInputs?
    let address: String?
  }

  /// The grid with what its cells rest on, worked out once.
  private func planned() throws -> [Planned] {
    try plan.value("") {
      try grid.cells.map { cell in
        let inputs = try materials.inputs(cell)
        return Planned(cell: cell, inputs: inputs, address: inputs?.address)
      }
    }
  }

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

  /// A cell of a model that is not on this machine is as finished as the last run left it.
  public func status() throws -> Status {
    let known = try store.addresses()
    let finished = try planned().count { entry in
      (entry.address ?? known[entry.cell.identifier]).map(store.isFinished) ?? false
    }
    let prompts = try grid.prompts.count { try materials.inputs($0).map(store.hasPrompt) ?? false }
    return Status(
      cellCount: grid.cells.count, finishedCells: finished, promptCount: grid.prompts.count,
      finishedPrompts: prompts)
  }

  /// Where the results of what would be run now are, by the cells' identifiers; without those of models that are not on this
  /// machine.
  func addresses() throws -> [String: String] {
    Dictionary(
      try planned().compactMap { entry in entry.address.map { (entry.cell.identifier, $0) } }
    ) { $1 }
  }

  /// Tunes the prompts that are missing, then runs the cells that are missing, several at a time.
  /// - Parameter progress: called with what is being done, how much of it is done, and of how much
  /// - Returns: whether all is finished; false when stopped
  public func run(
    _ parallelism: Parallelism,
    progress: @escaping @Sendable (_ stage: Stage, _ done: Int, _ total: Int) -> Void,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> Bool {
    let plan = try planned().map { entry in
      guard let inputs = entry.inputs, let address = entry.address else {
        throw TransferError(entry.cell.description, "cannot be run: one of its models is not on this machine")
      }
      return (cell: entry.cell, inputs: inputs, address: address)
    }
    try store.open(
      materials.record(version: version),
      addresses: Dictionary(plan.map { ($0.cell.identifier, $0.address) }) { $1 })
    var seen: Set<String> = []
    let open = plan.filter { !store.isFinished($0.address) && seen.insert($0.address).inserted }
    let needed = Set(open.flatMap(\.inputs.prompts))
    var begun: Set<PromptInputs> = []
    let prompts = try grid.prompts.compactMap { key -> (key: PromptKey, inputs: PromptInputs)? in
      guard let inputs = try materials.inputs(key), needed.contains(inputs), !store.hasPrompt(inputs),
        begun.insert(inputs).inserted, !store.adoptPrompt(inputs)
      else { return nil }
      return (key, inputs)
    }
    try forEach(prompts, .tuning, parallelism, progress, shouldStop) { prompt, runner in
      try runner.tune(prompt.key, prompt.inputs)?.write(to: store.prompt(prompt.inputs))
    }
    try forEach(open, .cells, parallelism, progress, shouldStop) { cell, runner in
      guard let (result, timing) = try runner.run(cell.cell, cell.inputs) else { return }
      try store.write(result, timing, at: cell.address)
    }
    return try status().isFinished
  }

  /// Why a cell is to be run.
  public struct Reason: Sendable, Codable, Equatable {
    /// The cell in words.
    public let cell: String
    /// What it rests on, by the name of its file.
    public let address: String
    /// Empty where it was never run.
    public let differences: [String]
  }

  /// For each cell that is to be run, what differs from the last result of the same name.
  public func reasons() throws -> [Reason] {
    let all = try store.allResults()
    return try planned().compactMap { entry in
      guard let inputs = entry.inputs, let address = entry.address else {
        return Reason(
          cell: entry.cell.description, address: "",
          differences: ["one of its models is not on this machine"])
      }
      guard !store.isFinished(address) else { return nil }
      let known = all[entry.cell.identifier] ?? []
      let differences = known.map { result in
        result.inputs.map { inputs.differences(from: $0) }
          ?? ["it was run by version 0.1.0, which did not record what results rest on"]
      }
      return Reason(
        cell: entry.cell.description, address: address,
        differences: differences.min { $0.count < $1.count } ?? [])
    }
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
