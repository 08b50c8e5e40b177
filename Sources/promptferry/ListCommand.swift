import ArgumentParser
import Foundation
import Hub
import PromptTransfer

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract:
      "Lists the models, relations, tasks, experiments and methods that ship with promptferry, or what the Hub's cache holds.",
    discussion: """
      Examples:
        promptferry list methods
        promptferry list cache
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case models, relations, tasks, experiments, methods, cache
  }

  @Argument(help: "models, relations, tasks, experiments, methods or cache.") var kind: Kind
  @OptionGroup var common: CommonOptions

  struct Entry: Encodable {
    /// As other verbs take it.
    let name: String
    let summary: String?
    /// Of a method, with their defaults.
    var settings: [String: Setting]?
    /// Of a model in the Hub's cache, as `fetch` has them.
    var model, revision, commit, folder: String?
    var embeddingsOnly: Bool?
    /// On disk.
    var bytes: Int?

    init(_ name: String, summary: String? = nil, settings: [String: Setting]? = nil) {
      (self.name, self.summary, self.settings) = (name, summary, settings)
    }

    init(_ cached: CachedModel) {
      let id = cached.id
      // Without hf: the name of a GGUF file is taken for a path.
      name = (id.file == nil ? "" : "hf:") + "\(id)"
      let at = id.revision == cached.commit ? "" : ", commit \(cached.commit.prefix(12))"
      let what = cached.part == .embeddings ? "embeddings only, for transfer and inspect" : "whole"
      summary = "\((Double(cached.bytes) / 1e6).formatted(1)) MB, \(what)\(at)"
      (model, revision, commit, folder) = (id.repository, id.revision, cached.commit, cached.folder.path)
      (embeddingsOnly, bytes) = (cached.part == .embeddings, cached.bytes)
    }
  }

  func run() throws {
    let entries = try entries()
    let width = entries.map(\.name.count).max() ?? 0
    var lines = entries.map { entry in
      guard let summary = entry.summary else { return entry.name }
      let settings = (entry.settings ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      return entry.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + summary
        + (settings.isEmpty ? "" : " (\(settings.joined(separator: ", ")))")
    }
    if kind == .cache, entries.isEmpty {
      let cache = try HubSettings().cache.path
      lines = ["\(cache): holds no complete model of the Hub. promptferry fetch org/name downloads one"]
    }
    try common.print(entries, text: lines.joined(separator: "\n"))
  }

  private func entries() throws -> [Entry] {
    let shared = try Location.shared()
    func names(_ folder: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: shared.appendingPathComponent(folder).path).sorted()
    }
    switch kind {
    case .cache:
      return try HubClient(settings: HubSettings()).cachedModels().map { Entry($0) }
    case .methods:
      return MethodRegistry.all.map { type in
        Entry(type.name, summary: type.summary, settings: MethodRegistry.settings(of: type.init()))
      }
        + MethodPreset.all.map {
          Entry($0.name, summary: "\($0.summary): \($0.method) with", settings: $0.settings)
        }
    case .models:
      return try names("zoo").filter { name in
        FileManager.default.fileExists(
          atPath: shared.appendingPathComponent("zoo/\(name)/config.json").path)
      }.map { Entry("zoo:\($0)") }
    case .relations: return try names("atlas/data").map { Entry("atlas:\($0)") }
    case .tasks:
      return try names("tasks").filter { $0.hasSuffix(".json") }.map { Entry("task:\($0.dropLast(5))") }
    case .experiments:
      return (FileManager.default.subpaths(atPath: shared.appendingPathComponent("experiments").path) ?? [])
        .filter { $0.hasSuffix(".json") }.map { Entry(String($0.dropLast(5))) }.sorted { $0.name < $1.name }
    }
  }
}
