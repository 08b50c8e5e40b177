import ArgumentParser
import Foundation
import PromptTransfer

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists what ships with promptferry: models, relations, tasks, experiments, methods.",
    discussion: """
      Example:
        promptferry list methods
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case models, relations, tasks, experiments, methods
  }

  @Argument(help: "models, relations, tasks, experiments or methods.") var kind: Kind
  @OptionGroup var common: CommonOptions

  struct Entry: Encodable {
    /// As other verbs take it.
    let name: String
    let summary: String?
    /// Of a method, with their defaults.
    let settings: [String: Setting]?

    init(_ name: String, summary: String? = nil, settings: [String: Setting]? = nil) {
      (self.name, self.summary, self.settings) = (name, summary, settings)
    }
  }

  func run() throws {
    let entries = try entries()
    let width = entries.map(\.name.count).max() ?? 0
    let lines = entries.map { entry in
      guard let summary = entry.summary else { return entry.name }
      let settings = (entry.settings ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      return entry.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + summary
        + (settings.isEmpty ? "" : " (\(settings.joined(separator: ", ")))")
    }
    try common.print(entries, text: lines.joined(separator: "\n"))
  }

  private func entries() throws -> [Entry] {
    let shared = try Location.shared()
    func names(_ folder: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: shared.appendingPathComponent(folder).path).sorted()
    }
    switch kind {
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
