import Experiments
import Foundation
import PromptTransfer
import TestSupport
import Testing

@Suite struct StoreTests {
  private func foundation(epochs: Int = 10, model: String = "abc", facts: String = "f") throws -> Foundation {
    let text = """
      {"name": "n", "title": "t", "facts": "facts", "templates": "t.jsonl", "tuning": {"epochs": \(epochs)},
       "pairs": [{"sources": ["a"], "target": "b"}], "methods": [{"method": "relative"}]}
      """
    return Foundation(
      configuration: try JSONDecoder().decode(ExperimentConfiguration.self, from: Data(text.utf8)),
      version: "1", models: ["a": model], data: ["facts/r": facts])
  }

  @Test func theSameFoundationOpensAgain() throws {
    let folder = try TemporaryFolder()
    let store = Store(folder: folder.url)
    try store.open(foundation())
    try store.open(foundation())
    #expect(try store.foundation() == foundation())
  }

  @Test(arguments: ["tuning", "model", "data"])
  func resultsOfAnotherFoundationAreRefused(difference: String) throws {
    let folder = try TemporaryFolder()
    let store = Store(folder: folder.url)
    try store.open(foundation())
    let other =
      switch difference {
      case "tuning": try foundation(epochs: 3)
      case "model": try foundation(model: "xyz")
      default: try foundation(facts: "g")
      }
    let error = #expect(throws: TransferError.self) { try store.open(other) }
    #expect(error?.description.contains(difference) == true)
    #expect(try store.foundation() == foundation())
  }

  @Test func aResultIsThereWholeOrNotAtAll() throws {
    let folder = try TemporaryFolder()
    let store = Store(folder: folder.url)
    try store.open(foundation())
    let cell = Cell(
      pair: .init(sources: ["a"], target: "b"), relation: "r", method: Method(label: "m", .relative),
      vectorCount: 5, seed: 1)
    #expect(try store.result(cell) == nil)
    var result = CellResult(cell)
    result.objective = [0.5, 0.7]
    try store.write(result, CellTiming(seconds: 2))
    #expect(try store.result(cell) == result)
    #expect(try store.timing(of: cell)?.seconds == 2)
    try folder.write("{", to: "cells/\(cell.identifier).json")
    let error = #expect(throws: TransferError.self) { try store.result(cell) }
    #expect(error?.description.contains(cell.identifier) == true)
  }
}
