import Formats
import Foundation
import PromptTransfer

/// Which prompts are carried, and where to: one of each source, or those that folders of all sources hold.
struct PromptPlaces {
  /// Whether the output is a folder: it ends with a `/`.
  let isFolder: Bool
  /// For each prompt to be written the sources' own.
  let sources: [[URL]]
  let outputs: [URL]
  /// The outputs as the user would write them.
  let names: [String]

  /// - Parameter check: throws where one of the outputs may not be written; is given all prompts that are read
  init(
    from paths: [String], output: String, check: (_ outputs: [URL], _ sources: [URL]) throws -> Void
  ) throws {
    let destination = URL(fileURLWithPath: output)
    isFolder = output.hasSuffix("/")
    guard isFolder else {
      (sources, outputs, names) = ([paths.map { URL(fileURLWithPath: $0) }], [destination], [output])
      try check(outputs, sources[0])
      return
    }
    let folders = paths.map { URL(fileURLWithPath: $0) }
    let files = try Self.shared(by: folders)
    guard !files.isEmpty else {
      throw TransferError(
        paths[0], "holds no prompt (NAME.safetensors) that every source has",
        hint: "Give folders of prompts, or the name of a file to write")
    }
    try FileManager.default.createDirectory(at: destination, withIntermediateDirectories: true)
    sources = files.map { file in folders.map { $0.appendingPathComponent(file) } }
    outputs = files.map { destination.appendingPathComponent($0) }
    names = files.map { output + $0 }
    try check(outputs, sources.flatMap(\.self))
  }

  /// For each prompt the facts whose development split it is about: of folders the relation with the prompt's name.
  func datasets(_ data: Dataset) throws -> [Dataset] {
    guard isFolder else { return [data] }
    let relations = try data.relations(.dev)
    return try outputs.map { output in
      let name = output.deletingPathExtension().lastPathComponent
      guard let own = relations.first(where: { $0.stem == name }) else {
        throw TransferError(
          data.name, "has no facts for the prompt \(name)",
          hint: "Its relations are: \(relations.map(\.stem).joined(separator: ", "))")
      }
      return own
    }
  }

  /// The names of prompt files that every folder has, sorted.
  private static func shared(by folders: [URL]) throws -> [String] {
    let held = try folders.map { folder in
      do {
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
          .filter { $0.hasSuffix(".safetensors") }
      } catch {
        throw TransferError(
          folder.path, "is no folder of prompts", hint: "The output is a folder, so this is one")
      }
    }
    return held.dropFirst().reduce(Set(held[0])) { $0.intersection($1) }.sorted()
  }
}
