import ArgumentParser
import Checkpoints
import Experiments
import Formats
import Foundation
import PromptTransfer

/// Where a verb may write: not over what it reads, nor into a model's folder, nor over the work of others.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Replace an existing output that promptferry has not written, or that is read-only.")
  var force = false

  /// What a verb reads, looked at once for any number of outputs.
  struct Inputs {
    fileprivate struct Model {
      let name: String
      let folder: FileIdentity
      let files: Set<FileIdentity>
    }

    /// Those that are on this machine.
    fileprivate let models: [Model]
    /// With the first path that leads there.
    fileprivate let files: [FileIdentity: URL]

    init(models: [String] = [], files: [URL?] = [], data: [Dataset] = []) {
      self.models = models.compactMap { name in
        guard let folder = try? ModelArgument(name).localFolder(), let identity = FileIdentity(folder) else {
          return nil
        }
        return Model(
          name: name, folder: identity, files: Set(Self.entries(folder).compactMap(FileIdentity.init)))
      }
      // Of a folder, an adapter or several prompts, what files of such kinds lie in it.
      let read = (files.compactMap(\.self) + data.flatMap(\.files)).flatMap { file in
        [file] + Self.entries(file).filter { ["safetensors", "bin", "json"].contains($0.pathExtension) }
      }
      self.files = Dictionary(read.compactMap { file in FileIdentity(file).map { ($0, file) } }) { first, _ in
        first
      }
    }

    /// What a folder holds; nothing of a file.
    private static func entries(_ folder: URL) -> [URL] {
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    }
  }

  /// What is told from the work of others.
  enum Kind {
    case prompt, predictions
    /// A file that nothing in it tells apart.
    case array
    case report, results

    fileprivate func isOwn(_ url: URL) -> Bool {
      switch self {
      case .prompt: SoftPrompt.isPromptFile(url)
      case .predictions: Prediction.isAnswerFile(url)
      case .array: false
      case .report: Report.isPage(url)
      case .results: Store.isRecord(url)
      }
    }
  }

  /// Throws unless the file may be written.
  func check(_ output: URL, _ kind: Kind, reading inputs: Inputs) throws {
    try AtomicFile.requireWritable(output)
    try refuse(output, among: inputs)
    var status = stat()
    guard !force, stat(output.path, &status) == 0, status.st_size > 0 else { return }
    guard status.st_mode & 0o222 != 0 else {
      throw TransferError(
        output.relativePath, "is there already and read-only",
        hint: "Give another name, or --force to replace it")
    }
    guard kind.isOwn(output) else {
      throw TransferError(
        output.relativePath, "is there already and was not written by promptferry",
        hint: "Give another name, or --force to replace it")
    }
  }

  /// Of a report's files: where the page is an earlier one, so are the files beside it.
  func checkReport(_ report: Report, in folder: URL) throws {
    let page = folder.appendingPathComponent("report.html")
    if FileIdentity(page) != nil { return try check(page, .report, reading: Inputs()) }
    for (path, _) in report.files() where FileIdentity(folder.appendingPathComponent(path)) != nil {
      try check(folder.appendingPathComponent(path), .report, reading: Inputs())
    }
  }

  /// The same of a folder, which is made or is empty.
  func refuse(_ output: URL, among inputs: Inputs) throws {
    let place = FileIdentity(output)
    let parents = inputs.models.isEmpty ? [] : FileIdentity.parents(of: output)
    for model in inputs.models
    where parents.contains(model.folder) || place.map(model.files.contains) ?? false {
      throw TransferError(
        output.relativePath, "would be written into the model \(model.name), which is read",
        hint: "Give a place outside the model")
    }
    guard let input = place.flatMap({ inputs.files[$0] }) else { return }
    throw TransferError(
      output.relativePath, "is read and would be overwritten, as \(input.relativePath)",
      hint: "Give another name")
  }
}
