import Foundation

/// All cells of an experiment, in an order that keeps those of a target together.
public struct Grid: Sendable {
  public let cells: [Cell]
  /// Each prompt that a cell starts from, once.
  package let prompts: [PromptKey]

  /// - Parameter relations: the names that the configuration's `relations` stand for
  public init(_ configuration: ExperimentConfiguration, relations: [String]) {
    var seen: Set<Cell> = []
    var cells: [Cell] = []
    for pair in configuration.pairs {
      for method in configuration.methods {
        for vectorCount in configuration.vectorCounts {
          for seed in configuration.seeds {
            for relation in relations {
              let cell = Cell(
                pair: pair, relation: relation, method: method, vectorCount: vectorCount, seed: seed)
              if seen.insert(cell).inserted { cells.append(cell) }
            }
          }
        }
      }
    }
    self.cells = cells.sorted { $0.target < $1.target }
    var known: Set<PromptKey> = []
    prompts = cells.flatMap(\.prompts).filter { known.insert($0).inserted }.sorted { $0.model < $1.model }
  }
}
