import Formats
import Foundation
import PromptTransfer

/// The folder of an experiment's results: a file for each finished cell and each tuned prompt, there whole or not at all, named by
/// what it rests on.
///
/// Nothing says which cells are done but the files themselves, so a run that was killed goes on where it was. `cells.json` says
/// which cell of the configuration has which file, for reports on machines without the models. What runs that share the work need to
/// agree is beside them: ``Sharing``.
public struct Store: Sendable {
  public let folder: URL

  public init(folder: URL) { self.folder = folder }

  package static let recordName = "experiment.json"
  package static let addressName = "cells.json"

  /// Whether a file is what a run of some version wrote down here.
  package static func isRecord(_ url: URL) -> Bool {
    guard let json = try? JSON(contentsOf: url, limit: .results) else { return false }
    let isFirst = json["configuration"] != nil && json["version"] != nil
    return url.lastPathComponent == recordName
      ? isFirst : json.members?.allSatisfy { $0.value.string != nil } ?? false
  }

  private static let parts = [
    "cells", "prompts", "timings", SharedNames.claims, SharedNames.owners, SharedNames.failures,
    SharedNames.states,
  ]

  func cell(_ address: String) -> URL { folder.appendingPathComponent(SharedNames.cell(address)) }
  private func timing(_ address: String) -> URL { folder.appendingPathComponent("timings/\(address).json") }
  func prompt(_ inputs: PromptInputs) -> URL {
    folder.appendingPathComponent(SharedNames.prompt(inputs.address))
  }
  /// Where the state of a tuning is kept while it is not finished.
  func state(_ address: String) -> URL { folder.appendingPathComponent(SharedNames.state(address)) }
  var plan: URL { folder.appendingPathComponent(Plan.fileName) }
  private var recordFile: URL { folder.appendingPathComponent(Self.recordName) }
  private var addressFile: URL { folder.appendingPathComponent(Self.addressName) }

  /// Makes the folder and writes down what is in it.
  /// - Parameter addresses: of the results, by the cells' identifiers
  package func open(_ record: ExperimentRecord, addresses: [String: String]) throws {
    for name in Self.parts {
      do {
        try FileManager.default.createDirectory(
          at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
      } catch {
        throw TransferError(folder.path, "cannot be made", hint: "Give another folder for the results")
      }
    }
    removeRemains()
    // What other configurations of the same folder have stays.
    let known = try? read([String: String].self, addressFile)
    let all = (known ?? [:]).merging(addresses) { $1 }
    // Several runs begin at the same time: who has nothing to add leaves it alone.
    if all != known { try write(all, to: addressFile) }
    if (try? self.record()) != record { try write(record, to: recordFile) }
  }

  /// Removes what killed runs had begun to write, an hour later: another run may be writing now.
  private func removeRemains() {
    for name in Self.parts {
      let files =
        (try? FileManager.default.contentsOfDirectory(
          at: folder.appendingPathComponent(name), includingPropertiesForKeys: [.contentModificationDateKey]))
        ?? []
      for file in files where AtomicFile.isTemporary(file) {
        let date = try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
        if let date, date.timeIntervalSinceNow < -3600 { try? FileManager.default.removeItem(at: file) }
      }
    }
  }

  public func record() throws -> ExperimentRecord? { try read(ExperimentRecord.self, recordFile) }

  /// Addresses by the cells' identifiers, as the last runs had them.
  package func addresses() throws -> [String: String] { try read([String: String].self, addressFile) ?? [:] }

  // MARK: Cells

  /// The result with this address, nil while there is none.
  package func result(_ address: String) throws -> CellResult? { try read(CellResult.self, cell(address)) }

  /// The timing first: a cell whose result is there is finished.
  package func write(_ result: CellResult, _ timing: CellTiming?, at address: String) throws {
    if let timing { try write(timing, to: self.timing(address)) }
    try write(result, to: cell(address))
  }

  func isFinished(_ address: String) -> Bool { FileManager.default.fileExists(atPath: cell(address).path) }

  package func timing(at address: String) throws -> CellTiming? { try read(CellTiming.self, timing(address)) }

  /// All results that rest on something else or were made by version 0.1.0, by the cells' identifiers; for telling why cells
  /// are to be run.
  func allResults() throws -> [String: [CellResult]] {
    let files =
      (try? FileManager.default.contentsOfDirectory(
        at: folder.appendingPathComponent("cells"), includingPropertiesForKeys: nil)) ?? []
    let results = try files.filter { $0.pathExtension == "json" && !AtomicFile.isTemporary($0) }
      .sorted { $0.path < $1.path }.compactMap { try read(CellResult.self, $0) }
    return Dictionary(grouping: results) { $0.cell.identifier }
  }

  // MARK: Prompts

  /// Whether the prompt is there, or was found in another experiment's folder beside this one.
  func hasPrompt(_ inputs: PromptInputs) -> Bool {
    FileManager.default.fileExists(atPath: prompt(inputs).path)
  }

  /// The addresses that have files in a part of the folder, by their names alone. It lists the part once.
  func addresses(in part: String) -> Set<UInt64> {
    Set(names(in: part).lazy.compactMap { Plan.address($0.prefix { $0 != "." }) })
  }

  func names(in part: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(part).path)) ?? []
  }

  /// Copies a prompt that rests on the same from an experiment beside this one.
  /// - Returns: whether there was one
  func adoptPrompt(_ inputs: PromptInputs) -> Bool {
    let parent = folder.deletingLastPathComponent()
    let siblings = (try? FileManager.default.contentsOfDirectory(atPath: parent.path).sorted()) ?? []
    for sibling in siblings where sibling != folder.lastPathComponent {
      let file = Store(folder: parent.appendingPathComponent(sibling)).prompt(inputs)
      guard let prompt = try? SoftPrompt(file), prompt.provenance["inputs"] == inputs.address,
        (try? prompt.write(to: self.prompt(inputs))) != nil
      else { continue }
      return true
    }
    return false
  }

  // MARK: Files

  func read<Value: Decodable>(_ type: Value.Type, _ url: URL) throws -> Value? {
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    do {
      return try JSONDecoder().decode(type, from: WholeFile.read(url, .results))
    } catch {
      throw TransferError(
        url.path, "is no result of this version", hint: "Remove the file: its cell will be run again")
    }
  }

  func write(_ value: some Encodable, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(encoder.encode(value) + Data("\n".utf8), to: url)
  }
}

/// What the results of a folder were made from, for people: the report shows it. Whether a result is up to date is decided by
/// ``CellInputs`` alone.
public struct ExperimentRecord: Sendable, Codable, Equatable {
  /// The configuration of the latest run; methods, pairs, seeds may be added later.
  public let configuration: ExperimentConfiguration
  public let version: String
  /// Of all files of each model.
  public let models: [String: String]
  /// Of the facts and the words, by name.
  public let data: [String: String]

  package init(
    configuration: ExperimentConfiguration, version: String, models: [String: String], data: [String: String]
  ) {
    (self.configuration, self.version) = (configuration, version)
    (self.models, self.data) = (models, data)
  }
}
