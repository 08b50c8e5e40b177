import Checkpoints
import Formats
import Foundation
import LanguageModels
import Tensors

/// A soft prompt with all that is needed to use it: its vectors, the template they belong into, the model whose embedding space
/// they live in, and how it was made.
///
/// On disk a safetensors file with the F32 tensor `vectors` (P, C) and string metadata.
public struct SoftPrompt: Sendable, Equatable {
  public let vectors: Matrix
  public let template: Template
  /// The model's name, for people.
  public let modelName: String
  /// SHA-256 of the model's embedding table: what decides whether the prompt belongs to a model.
  public let embeddingFingerprint: String
  /// How it was made and what it scored: free text by key, kept as it is.
  public let provenance: [String: String]

  static let format = "promptferry.prompt"
  static let version = "1"
  /// The vectors stand in for rows of the embedding table, before any scaling that the model applies to them.
  public static let space = "embedding-row"

  public init(
    vectors: Matrix, template: Template, modelName: String, embeddingFingerprint: String,
    provenance: [String: String] = [:]
  ) {
    precondition(vectors.rows == template.vectorCount)
    self.vectors = vectors
    self.template = template
    self.modelName = modelName
    self.embeddingFingerprint = embeddingFingerprint
    self.provenance = provenance
  }

  /// Writes the file whole or not at all. Throws when a vector is not finite.
  public func write(to url: URL) throws(TransferError) {
    guard vectors.elements.allSatisfy({ $0.isFinite }) else {
      throw TransferError("\(url.path): vectors", "are not finite numbers, and are not written")
    }
    try TransferError.unify {
      try AtomicFile.write(SafetensorsFile.serialize(["vectors": vectors], metadata: metadata), to: url)
    }
  }

  /// All that a file says of the vectors.
  var metadata: [String: String] {
    provenance.merging([
      "format": Self.format, "version": Self.version, "space": Self.space, "template": template.description,
      "model": modelName, "embeddingSHA256": embeddingFingerprint,
    ]) { $1 }
  }

  /// Whether a file says that it is one of promptferry's, of whatever version.
  package static func isPromptFile(_ url: URL) -> Bool {
    (try? SafetensorsFile(url))?.header.metadata["format"] == format
  }

  /// Reads and checks a file.
  public init(_ url: URL) throws(TransferError) {
    self = try TransferError.unify { try Self(reading: url) }
  }

  private init(reading url: URL) throws {
    let file = try SafetensorsFile(url)
    let format = file.header.metadata["format"]
    guard let entry = file.entry("vectors"), entry.shape.count == 2, format != nil else {
      throw CheckpointError(
        file: url, item: format == nil ? "format" : "vectors",
        format == nil ? "is missing from the metadata" : "is no matrix of this file",
        hint: "This is no prompt file of promptferry")
    }
    try self.init(file.matrix(entry), metadata: file.header.metadata, file: url)
  }

  /// Takes the vectors as what the metadata says of them, and checks that they can be.
  init(_ vectors: Matrix, metadata: [String: String], file: URL) throws {
    var metadata = metadata
    func take(_ key: String) throws(CheckpointError) -> String {
      guard let value = metadata.removeValue(forKey: key) else {
        throw CheckpointError(
          file: file, item: key, "is missing from the metadata",
          hint: "This is no prompt file of promptferry")
      }
      return value
    }
    func expect(_ key: String, _ value: String) throws(CheckpointError) {
      let found = try take(key)
      guard found == value else {
        throw CheckpointError(
          file: file, item: key, "is \(found) where \(value) is known",
          hint: "A newer version may read it")
      }
    }
    try expect("format", Self.format)
    try expect("version", Self.version)
    try expect("space", Self.space)
    template = try Template(take("template"))
    modelName = try take("model")
    embeddingFingerprint = try take("embeddingSHA256")
    guard vectors.rows == template.vectorCount else {
      throw CheckpointError(
        file: file, item: "vectors", "has \(vectors.rows) rows where the template has \(template.vectorCount)"
      )
    }
    for row in 0..<vectors.rows where !vectors.row(row).allSatisfy(\.isFinite) {
      throw CheckpointError(file: file, item: "vectors", "row \(row + 1) is not finite")
    }
    self.vectors = vectors
    provenance = metadata
  }

  /// Throws unless the prompt was made for exactly this embedding table.
  /// - Parameters:
  ///   - name: the model, as the user calls it
  ///   - hint: what to do; to carry the prompt over when nil
  public func requireMatch(
    _ table: EmbeddingTable, name: String, hint: String? = nil
  ) throws(TransferError) {
    guard table.fingerprint == embeddingFingerprint, table.width == vectors.columns else {
      throw TransferError(
        "prompt for \(modelName)",
        "does not belong to \(name): it lives in an embedding table of width \(vectors.columns) with SHA-256 "
          + "\(embeddingFingerprint.prefix(12))…, the model's has width \(table.width) and \(table.fingerprint.prefix(12))…",
        hint: hint ?? "Carry it over to \(name) first")
    }
  }
}
