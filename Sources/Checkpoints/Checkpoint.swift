import Formats
import Foundation
import Tensors

/// A model's source: a folder in Hugging Face layout (`config.json` and the weights in one or several files, safetensors or
/// PyTorch's own), or one GGUF file. Tensors have Hugging Face's names, shapes and values in both.
public struct Checkpoint: Sendable {
  /// The folder, or the GGUF file.
  public let folder: URL
  /// What `config.json` says, or would say.
  package let configuration: JSON
  /// What a GGUF file says besides, its tokenizer above all; nil for a folder.
  package let metadata: GGUFMetadata?
  private let files: [any TensorFile]
  private let places: [String: Int]  // tensor name to index in `files`
  /// The index of shards, and which of them it says to hold each tensor.
  private let index: URL?
  private let listed: [String: String]

  /// Maps the weights and reads the headers, of a folder or of a file that ends in `.gguf`.
  ///
  /// In a folder, `model.safetensors` is used where it exists, else the shards that `model.safetensors.index.json` names;
  /// where neither exists, `pytorch_model.bin` or the shards of its index.
  /// Throws `CheckpointError` for anything missing or inconsistent.
  public init(folder: URL) throws(CheckpointError) {
    try self.init(folder: folder, only: { Set($0) })
  }

  /// Opens only the shards with tensors that `choose` names, of those that the index lists: the others need not be there. Where
  /// the index lists none of them, those that are there are opened.
  ///
  /// As in transformers an index says which shards there are, and the shards what they hold: it may list names of tied tensors
  /// that are stored once, and leave out tensors. Where two shards have one, the index decides.
  package init(folder: URL, only choose: ([String]) -> Set<String>) throws(CheckpointError) {
    guard !GGUFMetadata.isNamed(folder) else {
      let file = try GGUFFile(folder)
      self.init(
        folder, configuration: file.configuration, metadata: file.metadata, files: [file],
        places: Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, 0) }))
      return
    }
    let configuration = try JSON(contentsOf: folder.appendingPathComponent("config.json"), as: .python)
    let found = Self.weightsFile {
      FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
    }
    guard let found else {
      throw CheckpointError(
        file: folder, "holds neither \(Self.weightsFiles.joined(separator: " nor "))",
        hint: "Save the model with save_pretrained(…), which writes safetensors")
    }
    let index = folder.appendingPathComponent(found)
    var listed: [String: String] = [:]
    var paths = [found]
    if found.hasSuffix(".json") {
      listed = try Self.weightMap(index)
      let chosen = choose(listed.keys.sorted())
      paths = Set(listed.filter { chosen.contains($0.key) }.values).sorted()
      if paths.isEmpty {
        paths = Set(listed.values).sorted().filter {
          FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
        }
      }
    }
    var files: [any TensorFile] = []
    var places: [String: Int] = [:]
    for path in paths {
      let file = try Self.open(folder.appendingPathComponent(path))
      for entry in file.entries where places[entry.name] == nil || listed[entry.name] == path {
        places[entry.name] = files.count
      }
      files.append(file)
    }
    self.init(
      folder, configuration: configuration, metadata: nil, files: files, places: places,
      index: found.hasSuffix(".json") ? index : nil, listed: listed)
  }

  private init(
    _ folder: URL, configuration: JSON, metadata: GGUFMetadata?, files: [any TensorFile],
    places: [String: Int], index: URL? = nil, listed: [String: String] = [:]
  ) {
    (self.index, self.listed) = (index, listed)
    (self.folder, self.configuration, self.metadata) = (folder, configuration, metadata)
    (self.files, self.places) = (files, places)
  }

  /// What a model at this place is called: by its repository in a snapshot of the Hub's cache
  /// (`models--org--name/snapshots/COMMIT`), else by the folder's or file's own name. A GGUF file of a repository has both.
  package static func name(of place: URL) -> String {
    let path = place.standardizedFileURL.pathComponents
    let isFile = GGUFMetadata.isNamed(place)
    guard let snapshots = path.lastIndex(of: "snapshots"), snapshots > 0,
      isFile ? snapshots + 2 < path.count : snapshots + 2 == path.count,
      path[snapshots - 1].hasPrefix("models--")
    else { return path.last ?? "" }
    let repository = path[snapshots - 1].dropFirst("models--".count)
    return ([String(repository).replacing("--", with: "/")] + path[(snapshots + 2)...]).joined(separator: "/")
  }

  /// The GGUF file that this is, or nil.
  package var gguf: GGUFFile? { files.first as? GGUFFile }

  /// The order in which Transformers looks for them.
  private static let weightsFiles = ["model.safetensors", "pytorch_model.bin"].flatMap {
    [$0, "\($0).index.json"]
  }

  /// The file that holds a model's weights, or the index of its shards, in a folder or repository with these files.
  package static func weightsFile(where exists: (String) -> Bool) -> String? {
    weightsFiles.first(where: exists)
  }

  /// The names of all tensors, sorted.
  public var tensorNames: [String] { places.keys.sorted() }

  /// Whether all of its matrices are stored in 16 bits.
  package var isIn16Bits: Bool { storesMatrices(as: [.float16, .bfloat16]) }
  /// Whether all of them are stored in Float16.
  package var isInFloat16: Bool { storesMatrices(as: [.float16]) }

  private func storesMatrices(as types: [TensorType?]) -> Bool {
    let matrices = places.keys.compactMap { entry($0)?.1 }.filter { $0.shape.count > 1 }
    return !matrices.isEmpty && matrices.allSatisfy { types.contains($0.type) }
  }

  package func shape(_ name: String) -> [Int]? { entry(name)?.1.shape }

  /// Whether two names are those of one tensor: of one storage, as `torch.save` leaves tied weights, or of equal bytes.
  package func areOne(_ first: String, _ second: String) -> Bool {
    guard let (file, entry) = entry(first), let (otherFile, other) = self.entry(second),
      entry.shape == other.shape, entry.typeName == other.typeName
    else { return false }
    if file.url == otherFile.url, file.place(of: entry) == otherFile.place(of: other),
      file.isContiguous(entry), otherFile.isContiguous(other)
    {
      return true
    }
    defer {
      file.release(entry)
      otherFile.release(other)
    }
    return file.withBytes(entry) { bytes in
      otherFile.withBytes(other) { other in
        guard let first = bytes.baseAddress, let second = other.baseAddress else {
          return bytes.count == other.count
        }
        return bytes.count == other.count && memcmp(first, second, bytes.count) == 0
      }
    }
  }

  /// The tensor as Float32, refused unless it has exactly this shape. A vector may be asked for as one row.
  package func matrix(_ name: String, rows: Int, columns: Int) throws(CheckpointError) -> Matrix {
    let (file, entry) = try entry(name, rows: rows, columns: columns)
    return try file.matrix(entry, rows: rows, columns: columns)
  }

  /// The same, left as it is stored where it is not Float32. It may be the transposed matrix that is given.
  package func weight(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> (weight: FrozenWeight, isTransposed: Bool) {
    let (file, entry) = try entry(name, rows: rows, columns: columns)
    if let stored = file.weight(entry, rows: rows, columns: columns) {
      return (.stored(stored.weight), stored.isTransposed)
    }
    return (.matrix(try file.matrix(entry, rows: rows, columns: columns)), false)
  }

  private func entry(
    _ name: String, rows: Int, columns: Int
  ) throws(CheckpointError) -> (any TensorFile, SafetensorsHeader.Entry) {
    guard let (file, entry) = entry(name) else {
      if let index, let path = listed[name] {
        throw CheckpointError(file: index, item: name, "is said to be in \(path), which does not hold it")
      }
      throw CheckpointError(file: folder, item: name, "is not in the checkpoint")
    }
    guard entry.shape == [rows, columns] || (rows == 1 && entry.shape == [columns]) else {
      throw CheckpointError(
        file: file.url, item: name,
        "has shape \(entry.shape) where config.json asks for \(rows == 1 ? [columns] : [rows, columns])")
    }
    return (file, entry)
  }

  /// The tensor, left in its file; nil when there is none of that name.
  package func stored(_ name: String) throws(CheckpointError) -> StoredTensor? {
    guard let (file, entry) = entry(name) else { return nil }
    return try StoredTensor(file, entry)
  }

  private static func open(_ url: URL) throws(CheckpointError) -> any TensorFile {
    if url.pathExtension == "bin" { return try PyTorchFile(url) }
    return try SafetensorsFile(url)
  }

  func entry(_ name: String) -> (any TensorFile, SafetensorsHeader.Entry)? {
    guard let place = places[name], let entry = files[place].entry(name) else { return nil }
    return (files[place], entry)
  }

  /// Tensor names to shard names. Shard names come from elsewhere: they may not leave the folder.
  package static func weightMap(_ index: URL) throws(CheckpointError) -> [String: String] {
    let json = try JSON(contentsOf: index, as: .python, limit: .results)
    guard let members = json["weight_map"]?.members, !members.isEmpty else {
      throw CheckpointError(file: index, item: "weight_map", "is missing or empty")
    }
    var map: [String: String] = [:]
    for member in members {
      guard let path = member.value.string, !path.isEmpty, !path.contains("/"), !path.contains("\\"),
        path != ".."
      else {
        throw CheckpointError(
          file: index, item: member.key, "names no file of this folder",
          hint: "Shard names must be plain file names")
      }
      map[member.key] = path
    }
    return map
  }
}
