import Formats
import Foundation
import PromptTransfer

/// Runs what is missing of an experiment. What is done is decided by files alone: several runs may share the work.
public struct Runner: Sendable {
  public let store: Store
  let materials: Materials
  let version: String
  /// What runs the cells, as `RunConditions` has it.
  let program: String
  private let grids = Shelf<Grid>(capacity: 1)
  private let plans = Shelf<Planned>(capacity: 1)

  public var configuration: ExperimentConfiguration { materials.configuration }
  /// The names that the configuration's relations stand for.
  public var relations: [String] { materials.relationNames }

  /// - Parameters:
  ///   - commit: the program's own; empty where it is not known
  ///   - device: where models run
  public init(
    _ configuration: ExperimentConfiguration, store: Store, places: Places, version: String,
    commit: String = "", device: DeviceChoice = .cpu
  ) throws {
    materials = try Materials(configuration, places: places, device: device)
    let size = configuration.gridSize(relations: materials.relationNames.count)
    guard size <= Double(ExperimentConfiguration.cellLimit) else {
      throw TransferError(
        configuration.name,
        "would be \(Int(clamping: size)) cells; at most \(ExperimentConfiguration.cellLimit) are one experiment",
        hint: "Name fewer relations, seeds or methods")
    }
    self.store = store
    self.version = version
    program = "promptferry \(version)\(commit.isEmpty ? "" : " (\(commit))")"
  }

  func grid() throws -> Grid {
    try grids.value("") { Grid(configuration, relations: materials.relationNames) }
  }

  /// The grid with the addresses of its results, worked out once. Nil where one of a cell's models is not on this machine.
  struct Planned: Sendable {
    let grid: Grid
    let cells: [UInt64?]
    let prompts: [UInt64?]
  }

  func planned() throws -> Planned {
    try plans.value("") {
      let grid = try grid()
      return Planned(
        grid: grid,
        cells: try grid.cells.map { try materials.inputs($0).flatMap { Plan.address($0.address) } },
        prompts: try grid.prompts.map { try materials.inputs($0).flatMap { Plan.address($0.address) } })
    }
  }

  /// The plan that the folder of results keeps, where it is of this configuration and these models and data. Only for looking: what
  /// is run is always worked out.
  func plan() throws -> Plan? {
    try materials.planKey(version: version).flatMap { Plan(store.plan, key: $0) }
  }

  /// Where the results of what would be run now are, by the cells' identifiers; without those of models that are not on this
  /// machine.
  func addresses() throws -> [String: String] {
    let plan = try planned()
    return Dictionary(
      zip(plan.grid.cells, plan.cells).compactMap { cell, address in
        address.map { (cell.identifier, Plan.text($0)) }
      }
    ) { $1 }
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
    return try grid().cells.compactMap { cell in
      guard let inputs = try materials.inputs(cell) else {
        return Reason(
          cell: cell.description, address: "", differences: ["one of its models is not on this machine"])
      }
      guard !store.isFinished(inputs.address) else { return nil }
      let differences = (all[cell.identifier] ?? []).map { result in
        result.inputs.map { inputs.differences(from: $0) }
          ?? ["it was run by version 0.1.0, which did not record what results rest on"]
      }
      return Reason(
        cell: cell.description, address: inputs.address,
        differences: differences.min { $0.count < $1.count } ?? [])
    }
  }
}
