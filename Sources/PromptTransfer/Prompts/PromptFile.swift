import Checkpoints
import Formats
import Foundation
import Tensors

/// A prompt as a file holds it, in any form that is known. Only promptferry's own files say whose embedding table their
/// vectors live in; of others it is whoever reads them that knows.
public struct PromptFile: Sendable {
  public enum Form: String, Sendable, Encodable {
    case promptferry
    /// A prompt-tuning or P-tuning adapter of Python's `peft`: a folder.
    case peft
    /// NumPy's `.npy`, as OptiPrompt has it.
    case numpy
    /// A single tensor of `torch.save`, as Prompt-Transferability has it.
    case pytorch
  }

  public let form: Form
  public let vectors: Matrix
  public let template: Template
  /// The model that the file says it was made for.
  public let modelName: String?
  /// SHA-256 of that model's embedding table; nil where the file does not say.
  public let embeddingFingerprint: String?
  public let provenance: [String: String]

  /// OptiPrompt always writes so many rows, and uses as many as its template has.
  static let optiPromptRows = 10

  /// Whether to look for a prompt here: anything but a folder, or one that holds an adapter.
  public static func isPrompt(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    return !isFolder.boolValue && !GGUFMetadata.isNamed(url) || PEFTAdapter.isOne(url)
  }

  /// Reads a file or an adapter's folder.
  /// - Parameter template: where the vectors stand, of files that do not say it; of others it must be the same. PEFT puts
  ///   them first, before a text that is not in its files. Where nil, others get the paper's `[X] [V]*P [Y] .`, but not
  ///   `.npy` files of ten rows: the template says how many of them are used, the first ones.
  public init(_ url: URL, template: Template? = nil) throws(TransferError) {
    self = try TransferError.unify { try Self(reading: url, template) }
  }

  private init(reading url: URL, _ template: Template?) throws {
    if PEFTAdapter.isOne(url) {
      try self.init(PEFTAdapter(folder: url), url, template)
      return
    }
    try WholeFile.require(url, .prompt)
    if NumPyFile.isOne(url) {
      try self.init(numpy: NumPyFile.matrix(url), url, template)
    } else if PyTorchFile.isOne(url) {
      let vectors = try Self.onlyTensor(of: PyTorchFile(url))
      try self.init(.pytorch, vectors, url, template ?? .vectors(vectors.rows))
    } else {
      try self.init(SoftPrompt(url), .promptferry, url, template)
    }
  }

  private init(_ adapter: PEFTAdapter, _ url: URL, _ template: Template?) throws {
    let prefix = SoftPrompt.metadataPrefix
    let own = adapter.metadata.filter { $0.key.hasPrefix(prefix) }
    if !own.isEmpty {
      let metadata = Dictionary(
        uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
      try self.init(SoftPrompt(adapter.vectors, metadata: metadata, file: url), .peft, url, template)
      return
    }
    let origin = [
      "peftType": adapter.kind.rawValue, "peftTask": adapter.taskName, "modelCommit": adapter.revision,
    ].compactMapValues(\.self)
    let runs = adapter.submoduleCount
    guard template.map({ $0.prependedRuns(hasDecoder: runs == 2) == runs }) ?? true else {
      throw TransferError(
        url.path,
        "is PEFT's, which puts its vectors first, where \"\(template?.description ?? "")\" does not",
        hint: "A template that does: \"\(Template.prepended(adapter.vectors.rows, runs: runs))\"")
    }
    try self.init(
      .peft, adapter.vectors, url, template ?? .prepended(adapter.vectors.rows, runs: runs),
      modelName: adapter.baseModel, provenance: origin)
  }

  private init(numpy all: Matrix, _ url: URL, _ template: Template?) throws {
    guard let template else {
      guard all.rows != Self.optiPromptRows else {
        throw TransferError(
          url.path, "has \(all.rows) rows, of which OptiPrompt's templates use the first few",
          hint: "Give the template that says which, such as \"\(Template.vectors(5))\"")
      }
      try self.init(.numpy, all, url, .vectors(all.rows))
      return
    }
    let isPadded = all.rows == Self.optiPromptRows && template.vectorCount < all.rows
    try self.init(.numpy, isPadded ? all.rowBlock(0..<template.vectorCount) : all, url, template)
  }

  private init(_ prompt: SoftPrompt, _ form: Form, _ url: URL, _ template: Template?) throws {
    guard template ?? prompt.template == prompt.template else {
      throw TransferError(
        url.path, "has the template \"\(prompt.template)\" where \"\(template?.description ?? "")\" is given",
        hint: "Give no template")
    }
    try self.init(
      form, prompt.vectors, url, prompt.template, modelName: prompt.modelName,
      embeddingFingerprint: prompt.embeddingFingerprint, provenance: prompt.provenance)
  }

  private init(
    _ form: Form, _ vectors: Matrix, _ url: URL, _ template: Template, modelName: String? = nil,
    embeddingFingerprint: String? = nil, provenance: [String: String] = [:]
  ) throws {
    guard vectors.rows == template.vectorCount else {
      throw TransferError(
        url.path, "holds \(vectors.rows) vectors where \"\(template)\" has \(template.vectorCount)",
        hint: "Give a template with [V]*\(vectors.rows)")
    }
    guard template.longestRun <= Template.runLengths.upperBound else {
      throw TransferError(
        url.path,
        "holds \(vectors.rows) vectors, more than \(Template.runLengths.upperBound) side by side")
    }
    guard vectors.elements.allSatisfy(\.isFinite) else {
      throw TransferError(url.path, "holds vectors that are not finite numbers")
    }
    (self.form, self.vectors, self.template, self.modelName) = (form, vectors, template, modelName)
    (self.embeddingFingerprint, self.provenance) = (embeddingFingerprint, provenance)
  }

  private static func onlyTensor(of file: PyTorchFile) throws -> Matrix {
    guard let entry = file.entries.first, file.entries.count == 1, entry.shape.count == 2 else {
      throw TransferError(file.url.path, "holds no single matrix of prompt vectors")
    }
    return try file.matrix(entry)
  }

  /// The prompt, as one of this model. A file that says another model's table keeps it, for `requireMatch` to find; one
  /// that says none is taken to be this model's, where the widths agree; without a model it is refused.
  public func prompt(in space: EmbeddingSpace?) throws(TransferError) -> SoftPrompt {
    if let modelName, let embeddingFingerprint {
      return SoftPrompt(
        vectors: vectors, template: template, modelName: modelName,
        embeddingFingerprint: embeddingFingerprint, provenance: provenance)
    }
    guard let space else {
      throw TransferError(
        "the prompt", "does not say whose embedding table its vectors live in",
        hint: "Give its model" + (modelName.map { ", perhaps \($0)" } ?? ""))
    }
    guard vectors.columns == space.table.width else {
      throw TransferError(
        "prompt\(modelName.map { " for \($0)" } ?? "")",
        "does not belong to \(space.name): its vectors have width \(vectors.columns), the model's embeddings "
          + "\(space.table.width)")
    }
    return SoftPrompt(
      vectors: vectors, template: template, modelName: space.name,
      embeddingFingerprint: space.table.fingerprint,
      provenance: provenance.merging(["readFrom": modelName ?? form.rawValue]) { $1 })
  }
}
