import ArgumentParser
import Checkpoints
import Formats
import Foundation
import Hub
import PromptTransfer

/// What a MODEL argument leads to.
struct ModelPlace {
  let folder: URL
  /// As it was given, where anyone may give it so: a model that ships with promptferry, or one of the Hub.
  let argument: String?
  /// The commit, of a model from the Hub.
  let commit: String?
  /// Whether all of the model is there, and not only its embeddings.
  let isWhole: Bool

  /// What a model here is called.
  var name: String { Checkpoint.name(of: folder) }

  func languageModel(_ computing: Computing = Computing()) throws -> LanguageModel {
    try requireModel()
    let progress = ProgressReporter(
      title: "opening \(name)", unit: .bytes, isSilent: CommandLine.arguments.contains("--quiet")
    ).begin()
    defer { progress.finish() }
    return try OpenedModels.shared.model(folder, computing)
  }

  func embeddingSpace() throws -> EmbeddingSpace {
    try requireModel()
    return try OpenedModels.shared.space(folder)
  }

  /// Throws where there is nothing, or something else.
  private func requireModel() throws {
    guard !GGUFMetadata.isNamed(folder) else { return }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw TransferError(
        folder.path, "is not there", hint: "Give a model's folder, a GGUF file, a Hub id or zoo:NAME")
    }
    guard isFolder.boolValue else {
      throw TransferError(
        folder.path, "is a file, where a model's folder belongs",
        hint: "Give the folder that holds config.json")
    }
    let configuration = folder.appendingPathComponent("config.json")
    guard FileManager.default.fileExists(atPath: configuration.path) else {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []
      let gguf = files.first { $0.lowercased().hasSuffix(".gguf") }
      throw TransferError(
        configuration.path, "is not there: the folder holds no model",
        hint: gguf.map { "Give its GGUF file: \($0)" }
          ?? "A model's folder holds config.json, weights and a tokenizer")
    }
  }

  /// What a prompt for it says of it, besides its name.
  var provenance: [String: String] {
    var entries: [String: String] = [:]
    if let argument { entries[Self.argumentKey] = argument }
    if let commit { entries["modelCommit"] = commit }
    return entries
  }

  static let argumentKey = "modelArgument"
}

/// A folder or a GGUF file, a model that ships with promptferry (`zoo:NAME`), or one of the Hub (`org/name@revision`,
/// `hf:org/name/file.gguf`).
enum ModelArgument {
  case folder(URL)
  case shipped(String)
  case hub(HubID)

  /// What is there as a file or folder is meant as such; so is all that cannot be the Hub's or is written as a path.
  init(_ argument: String) throws {
    guard !argument.isEmpty else {
      throw TransferError("MODEL", "is empty", hint: "Give a folder, a GGUF file, a Hub id or zoo:NAME")
    }
    let isPath =
      FileManager.default.fileExists(atPath: argument)
      || ["/", "./", "../", "~"].contains(where: argument.hasPrefix)
      || [".safetensors", ".json", ".jsonl", ".npy", ".bin", ".gguf"].contains(where: argument.hasSuffix)
    if argument.hasPrefix("zoo:") {
      self = .shipped(String(argument.dropFirst(4)))
    } else if argument.hasPrefix("hf:") {
      guard let id = HubID(argument) else {
        throw TransferError(
          argument, "is no id of the Hub",
          hint: "Give hf:org/name, hf:org/name@revision or hf:org/name/file.gguf")
      }
      self = .hub(id)
    } else if !isPath, argument.hasPrefix("zoo/"),
      (try? Location.shippedModel(String(argument.dropFirst(4)))) != nil
    {
      throw TransferError(
        argument, "is no folder here",
        hint: "The model that ships with promptferry is zoo:\(argument.dropFirst(4))")
    } else if !isPath, let id = HubID(argument.hasSuffix("/") ? String(argument.dropLast()) : argument) {
      self = .hub(id)
    } else {
      self = .folder(URL(fileURLWithPath: argument))
    }
  }

  /// Where it is, without asking the Hub.
  func localFolder() throws -> URL {
    switch self {
    case .folder(let url): return url
    case .shipped(let name): return try Location.shippedModel(name)
    case .hub(let id):
      throw TransferError("\(id)", "is no folder here", hint: "Models of the Hub are fetched by run")
    }
  }

  /// Finds the model on this machine, or downloads what is needed of it.
  func place(_ part: HubPart, _ common: CommonOptions, _ interruption: Interruption) async throws
    -> ModelPlace
  {
    switch self {
    case .folder(let url): return ModelPlace(url)
    case .shipped(let name): return ModelPlace(try localFolder(), argument: "zoo:\(name)")
    case .hub(let id):
      do {
        let model = try await common.fetch(id, part, interruption)
        return ModelPlace(
          folder: model.folder, argument: "\(id)", commit: model.commit, isWhole: model.part == .model)
      } catch let error as HubError where error.subject == "\(id)" {
        throw TransferError("\(id)", "is no folder here; as a Hub id: \(error.problem)", hint: error.hint)
      }
    }
  }
}

extension ModelPlace {
  /// A folder of this machine.
  init(_ folder: URL, argument: String? = nil) {
    self.init(folder: folder, argument: argument, commit: nil, isWhole: true)
  }
}

extension CommonOptions {
  /// The model that an argument means.
  func model(_ argument: String, _ part: HubPart, _ interruption: Interruption) async throws -> ModelPlace {
    try await ModelArgument(argument).place(part, self, interruption)
  }

  /// Fetches from the Hub with progress. Interrupting ends it, and leaves the files that were finished.
  func fetch(_ id: HubID, _ part: HubPart, _ interruption: Interruption) async throws -> HubModel {
    let settings = try HubSettings()
    let progress = ProgressReporter(
      title: "fetching \(id)", unit: .bytes, isSilent: quiet || !settings.showsProgress)
    let hub = HubClient(
      settings: settings,
      observer: HubObserver(
        progress: { progress.update($0, of: $1) },
        note: { text in
          progress.finish()
          note(text)
        }))
    defer { progress.finish() }
    do {
      return try await interruption.cancelling { try await hub.fetch(id, part) }
    } catch is CancellationError {
      note("Interrupted: what was complete is kept.")
      throw Interruption.shared.exit
    }
  }
}
