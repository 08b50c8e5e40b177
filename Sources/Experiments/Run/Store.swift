import Formats
import Foundation
import PromptTransfer

/// The folder of an experiment's results: a file for each finished cell and each tuned prompt, there whole or not at all.
///
/// Nothing says which cells are done but the files themselves, so a run that was killed goes on where it was.
public struct Store: Sendable {
  public let folder: URL

  public init(folder: URL) { self.folder = folder }

  func cell(_ cell: Cell) -> URL { folder.appendingPathComponent("cells/\(cell.identifier).json") }
  func timing(_ cell: Cell) -> URL { folder.appendingPathComponent("timings/\(cell.identifier).json") }
  func prompt(_ key: PromptKey) -> URL {
    folder.appendingPathComponent("prompts/\(key.identifier).safetensors")
  }
  private var foundationFile: URL { folder.appendingPathComponent("experiment.json") }

  /// Makes the folder, or checks that what is in it was made from the same models, facts and tuning.
  package func open(_ foundation: Foundation) throws {
    for name in ["cells", "prompts", "timings"] {
      do {
        try FileManager.default.createDirectory(
          at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
      } catch {
        throw TransferError(folder.path, "cannot be made", hint: "Give another folder with --output")
      }
    }
    removeRemains()
    if let known = try read(Foundation.self, self.foundationFile),
      let difference = known.difference(from: foundation)
    {
      throw TransferError(
        folder.path, "holds results that were made with \(difference)",
        hint: "Give another folder with --output, or remove this one")
    }
    try write(foundation, to: self.foundationFile)
  }

  /// Removes what killed runs had begun to write, an hour later: another run may be writing now.
  private func removeRemains() {
    for name in ["cells", "prompts", "timings"] {
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

  public func foundation() throws -> Foundation? { try read(Foundation.self, foundationFile) }

  /// The result of a cell, nil while there is none.
  public func result(_ cell: Cell) throws -> CellResult? { try read(CellResult.self, self.cell(cell)) }

  public func timing(of cell: Cell) throws -> CellTiming? { try read(CellTiming.self, timing(cell)) }

  /// The timing first: a cell whose result is there is finished.
  package func write(_ result: CellResult, _ timing: CellTiming?) throws {
    if let timing { try write(timing, to: self.timing(result.cell)) }
    try write(result, to: cell(result.cell))
  }

  func isFinished(_ cell: Cell) -> Bool { FileManager.default.fileExists(atPath: self.cell(cell).path) }
  func isFinished(_ key: PromptKey) -> Bool { FileManager.default.fileExists(atPath: prompt(key).path) }

  private func read<Value: Decodable>(_ type: Value.Type, _ url: URL) throws -> Value? {
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    do {
      return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    } catch {
      throw TransferError(
        url.path, "is no result of this version", hint: "Remove the file: its cell will be run again")
    }
  }

  private func write(_ value: some Encodable, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(encoder.encode(value) + Data("\n".utf8), to: url)
  }
}

/// What all results of a folder rest on.
public struct Foundation: Sendable, Codable, Equatable {
  /// The configuration of the latest run; methods, pairs, seeds may be added later.
  public let configuration: ExperimentConfiguration
  public let version: String
  /// SHA-256 of each model's embedding table.
  public let models: [String: String]
  /// Of the facts and the words, by name.
  public let data: [String: String]

  package init(
    configuration: ExperimentConfiguration, version: String, models: [String: String], data: [String: String]
  ) {
    (self.configuration, self.version) = (configuration, version)
    (self.models, self.data) = (models, data)
  }

  /// What makes results of the two incomparable, in words.
  func difference(from other: Foundation) -> String? {
    if configuration.tuning != other.configuration.tuning { return "other settings of tuning" }
    for (name, fingerprint) in models {
      if let now = other.models[name], now != fingerprint { return "another model \(name)" }
    }
    for (name, fingerprint) in data {
      if let now = other.data[name], now != fingerprint { return "other data: \(name)" }
    }
    return nil
  }
}
