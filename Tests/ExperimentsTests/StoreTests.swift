import Experiments
import Foundation
import PromptTransfer
import TestSupport
import Testing

@Suite struct StoreTests {
  private func record() throws -> ExperimentRecord {
    let text = """
      {"name": "n", "title": "t", "facts": "facts", "templates": "t.jsonl",
       "pairs": [{"sources": ["a"], "target": "b"}], "methods": [{"method": "relative"}]}
      """
    return ExperimentRecord(
      configuration: try JSONDecoder().decode(ExperimentConfiguration.self, from: Data(text.utf8)),
      version: "1", models: ["a": "abc"], data: ["facts/r": "f"])
  }

  private func cell(_ label: String = "m") throws -> Cell {
    Cell(
      pair: .init(sources: ["a"], target: "b"), relation: "r", method: try Method(label: label, "relative"),
      vectorCount: 5, seed: 1)
  }

  @Test func opensAgainAndKeepsWhatOthersWrote() throws {
    let folder = try TemporaryFolder()
    let store = Store(folder: folder.url)
    try store.open(record(), addresses: ["one": "1"])
    try store.open(record(), addresses: ["two": "2"])
    #expect(try store.record() == record())
    #expect(try store.addresses() == ["one": "1", "two": "2"])
  }

  @Test func aResultIsThereWholeOrNotAtAll() throws {
    let folder = try TemporaryFolder()
    let store = Store(folder: folder.url)
    try store.open(record(), addresses: [:])
    #expect(try store.result("address") == nil)
    var result = CellResult(try cell())
    result.objective = [0.5, 0.7]
    try store.write(result, CellTiming(seconds: 2), at: "address")
    #expect(try store.result("address") == result)
    #expect(try store.timing(at: "address")?.seconds == 2)
    try folder.write("{", to: "cells/address.json")
    let error = #expect(throws: TransferError.self) { try store.result("address") }
    #expect(error?.description.contains("address") == true)
  }

  /// As version 0.1.0 wrote it: named by the cell's names, every setting a member of the method.
  @Test func resultsOfTheFirstVersionAreRead() throws {
    let folder = try TemporaryFolder()
    let old = """
      {"cell": {"method": {"label": "exact", "method": "relative", "ridge": 0.1, "search": "exact"},
        "relation": "r", "seed": 1, "sources": ["a"], "target": "b", "vectorCount": 5},
       "objective": [0.5], "predictions": []}
      """
    let cell = Cell(
      pair: .init(sources: ["a"], target: "b"), relation: "r",
      method: try Method(label: "exact", "relative", ["ridge": .number(0.1), "search": .text("exact")]),
      vectorCount: 5, seed: 1)
    // What SHA-256 over its JSON with sorted keys was there.
    #expect(cell.identifier == "d4abbf271e8fc3cf")
    try folder.write(old, to: "cells/\(cell.identifier).json")
    let result = try #require(try Store(folder: folder.url).result(cell.identifier))
    #expect(result.cell == cell && result.inputs == nil && result.objective == [0.5])
  }
}
