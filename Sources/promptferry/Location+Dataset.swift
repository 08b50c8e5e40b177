import ArgumentParser
import Foundation
import PromptTransfer

/// Where facts and tasks are.
extension Location {
  static let factsHelp: ArgumentHelp =
    "A folder of facts, a .jsonl, .csv or .tsv file, atlas:RELATION, or a task: task:NAME or TASK.json, with =FOLDER where its data is elsewhere."

  /// Facts, or a task: `task:NAME` of those that ship or a description's path, each alone or followed by `=FOLDER`, the
  /// folder of its data. A path may hold `=`: the description ends with its first `.json`.
  static func dataset(_ argument: String) throws -> Dataset {
    let isShipped = argument.hasPrefix("task:")
    let equals =
      isShipped
      ? argument.firstIndex(of: "=")
      : argument.range(of: ".json=").map { argument.index(before: $0.upperBound) }
    let name = argument[..<(equals ?? argument.endIndex)]
    guard isShipped || name.hasSuffix(".json") else { return .facts(try facts(argument)) }
    let folder = equals.map { String(argument[argument.index(after: $0)...]) }
    guard folder != "" else { throw TransferError(argument, "names no folder after the '='") }
    let file = isShipped ? try shippedTask(name.dropFirst(5), argument) : URL(fileURLWithPath: String(name))
    return .task(try ClassificationTask(file, folder: folder.map { URL(fileURLWithPath: $0) }))
  }

  static func task(_ argument: String) throws -> ClassificationTask {
    guard let task = try dataset(argument).task else { throw TransferError(argument, "is no task") }
    return task
  }

  private static func shippedTask(_ name: Substring, _ argument: String) throws -> URL {
    let folder = try shared().appendingPathComponent("tasks")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    guard names.contains(String(name)) else {
      throw TransferError(argument, "is not there", hint: "There are: \(names.joined(separator: ", "))")
    }
    return folder.appendingPathComponent("\(name).json")
  }
}
