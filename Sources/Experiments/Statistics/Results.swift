import Foundation
import PromptTransfer

/// All finished cells of an experiment, and the questions that tables and figures ask of them.
public struct Results: Sendable {
  public let configuration: ExperimentConfiguration
  public let relations: [String]
  public var cellCount: Int { cells.count }
  /// What the results rest on, nil before the first run.
  public let record: ExperimentRecord?
  /// How many results are of version 0.1.0, which did not record what they rest on.
  let unrecordedCount: Int
  /// How many results rest on something that has changed since: they are those of the last run.
  let outdatedCount: Int
  private let cells: [Cell]
  private let byCell: [Cell: CellResult]
  private let timings: [Cell: CellTiming]

  public init(_ runner: Runner) throws {
    try self.init(
      runner.configuration, relations: runner.relations, store: runner.store, current: runner.addresses())
  }

  /// - Parameters:
  ///   - relations: the names that the configuration's `relations` stand for
  ///   - current: the addresses of what would be run now, by the cells' identifiers, of models that are on this machine
  package init(
    _ configuration: ExperimentConfiguration, relations: [String], store: Store,
    current: [String: String] = [:]
  ) throws {
    (self.configuration, self.relations) = (configuration, relations)
    cells = Grid(configuration, relations: relations).cells
    record = try store.record()
    let addresses = try store.addresses()
    var byCell: [Cell: CellResult] = [:]
    var timings: [Cell: CellTiming] = [:]
    var outdatedCount = 0
    for cell in cells {
      let name = cell.identifier
      for address in [current[name], addresses[name], name].compactMap({ $0 }) {
        guard let result = try store.result(address) else { continue }
        (byCell[cell], timings[cell]) = (result.named(as: cell), try store.timing(at: address))
        if result.inputs != nil, let now = current[name], now != address { outdatedCount += 1 }
        break
      }
    }
    unrecordedCount = byCell.values.count { $0.inputs == nil }
    self.outdatedCount = outdatedCount
    (self.byCell, self.timings) = (byCell, timings)
  }

  /// How many cells were run under which conditions, as far as they were recorded.
  var conditions: [RunConditions: Int] {
    timings.values.compactMap(\.conditions).reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  /// The year of the last cell.
  var lastYear: Int? { conditions.keys.map(\.day).max().flatMap { Int($0.prefix(4)) } }

  public var finishedCount: Int { byCell.count }
  /// In the order of the grid.
  public var finished: [CellResult] { cells.compactMap { byCell[$0] } }

  /// In the order of the grid.
  var missing: [Cell] { cells.filter { byCell[$0] == nil } }

  /// What is averaged over relations and seeds.
  public struct Series: Sendable, Hashable {
    public let pair: ExperimentConfiguration.Pair
    public let method: Method
    public let vectorCount: Int

    public init(pair: ExperimentConfiguration.Pair, method: Method, vectorCount: Int) {
      (self.pair, self.method, self.vectorCount) = (pair, method, vectorCount)
    }
  }

  public func result(_ series: Series, relation: String, seed: UInt64) -> CellResult? {
    byCell[cell(series, relation, seed)]
  }

  private func cell(_ series: Series, _ relation: String, _ seed: UInt64) -> Cell {
    Cell(
      pair: series.pair, relation: relation, method: series.method, vectorCount: series.vectorCount,
      seed: seed)
  }

  /// The seeds that matter to a method.
  func seeds(_ method: Method) -> [UInt64] {
    method.usesVectors ? configuration.seeds : Array(configuration.seeds.prefix(1))
  }

  /// The mean over relations of the accuracy, for each seed of which every relation is there.
  public func macroAccuracies(_ series: Series) -> [Double] {
    seeds(series.method).compactMap { macroAccuracy(series, seed: $0) }
  }

  /// Nil unless every relation is there.
  func macroAccuracy(_ series: Series, seed: UInt64) -> Double? {
    let accuracies = relations.compactMap { accuracy(series, relation: $0, seed: seed) }
    guard accuracies.count == relations.count, !accuracies.isEmpty else { return nil }
    return accuracies.reduce(0, +) / Double(accuracies.count)
  }

  private func accuracy(_ series: Series, relation: String, seed: UInt64) -> Double? {
    result(series, relation: relation, seed: seed)?.evaluation?.microAccuracy
  }

  /// Macro accuracy over seeds.
  public func accuracy(_ series: Series) -> Interval? {
    Interval(macroAccuracies(series), relations: shares([series]))
  }

  /// Of each relation of each series the mean accuracy over seeds, and how many facts there are.
  func shares(_ all: [Series]) -> [(share: Double, count: Int)] {
    all.flatMap { series in
      relations.compactMap { relation in
        let evaluations = seeds(series.method).compactMap {
          result(series, relation: relation, seed: $0)?.evaluation
        }
        guard let first = evaluations.first else { return nil }
        let share = evaluations.reduce(0) { $0 + $1.microAccuracy } / Double(evaluations.count)
        return (share, first.factCount)
      }
    }
  }

  /// Correct answers over facts, and how many facts there are, all relations together; the mean over seeds.
  public func microAccuracy(_ series: Series) -> (accuracy: Interval, factCount: Int)? {
    var factCount = 0
    let values: [Double] = seeds(series.method).compactMap { seed in
      let evaluations = relations.compactMap { result(series, relation: $0, seed: seed)?.evaluation }
      guard evaluations.count == relations.count else { return nil }
      factCount = evaluations.reduce(0) { $0 + $1.factCount }
      let correct = evaluations.reduce(0.0) { $0 + $1.microAccuracy * Double($1.factCount) }
      return correct / Double(max(1, factCount))
    }
    let share = values.reduce(0, +) / Double(max(1, values.count))
    return Interval(values, relations: [(share, factCount)]).map { ($0, factCount) }
  }

  /// The accuracy on one relation, the mean over seeds.
  public func accuracy(_ series: Series, relation: String) -> Interval? {
    let values = seeds(series.method).compactMap { accuracy(series, relation: relation, seed: $0) }
    let facts = seeds(series.method).lazy.compactMap {
      self.result(series, relation: relation, seed: $0)?.evaluation?.factCount
    }.first
    let share = values.reduce(0, +) / Double(max(1, values.count))
    return Interval(values, relations: [(share, facts ?? 0)])
  }

  /// The mean matching objective over relations, seeds and vectors.
  public func objective(_ series: Series) -> Double? {
    let values = seeds(series.method).compactMap { objective(series, seed: $0) }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  func objective(_ series: Series, seed: UInt64) -> Double? {
    let values = relations.compactMap { result(series, relation: $0, seed: seed)?.meanObjective }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Median seconds of a cell.
  public func seconds(_ series: Series) -> Double? {
    let values = relations.flatMap { relation in
      seeds(series.method).compactMap { timings[cell(series, relation, $0)]?.seconds }
    }.sorted()
    return values.isEmpty ? nil : values[values.count / 2]
  }

  /// Why a method does not apply to a pair.
  public func refusal(_ series: Series) -> String? {
    relations.lazy.compactMap { result(series, relation: $0, seed: seeds(series.method).first ?? 0)?.refusal }
      .first
  }

  /// `first` against `second` on the pairs where both are there: the differences for each relation are averaged over
  /// pairs and seeds.
  public func compare(
    _ first: Method, _ second: Method, vectorCount: Int, pairs: [ExperimentConfiguration.Pair]
  ) -> PairedComparison? {
    guard let pair = pairs.first else { return nil }
    let series = [first, second].map { Series(pair: pair, method: $0, vectorCount: vectorCount) }
    return compare(series[0], series[1], pairs: pairs)
  }

  /// The same for any two series, their own pairs aside.
  func compare(
    _ first: Series, _ second: Series, pairs: [ExperimentConfiguration.Pair]
  ) -> PairedComparison? {
    PairedComparison(
      relations.compactMap { relation in
        let values = pairs.compactMap { pair in
          difference(
            Series(pair: pair, method: first.method, vectorCount: first.vectorCount),
            Series(pair: pair, method: second.method, vectorCount: second.vectorCount), relation: relation)
        }
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      })
  }

  /// Two series as they are, of different pairs perhaps.
  func compare(_ first: Series, with second: Series) -> PairedComparison? {
    PairedComparison(relations.compactMap { difference(first, second, relation: $0) })
  }

  private func difference(_ first: Series, _ second: Series, relation: String) -> Double? {
    guard let a = accuracy(first, relation: relation), let b = accuracy(second, relation: relation) else {
      return nil
    }
    return a.mean - b.mean
  }
}
