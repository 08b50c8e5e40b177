import Formats
import Foundation
import Tensors

/// A mapped GGUF file under the names, shapes and values that the model has in Hugging Face's layout. Nothing is read but its
/// header and the tensors asked for.
package struct GGUFFile: TensorFile {
  package let url: URL
  package let file: MappedFile
  package let metadata: GGUFMetadata
  package let version: Int
  /// `config.json`, as far as the file says what would be in it.
  package let configuration: JSON
  package let entries: [Entry]
  private let places: [String: Int]
  private let layouts: [GGUFLayout]

  package init(_ url: URL) throws(CheckpointError) {
    self.url = url
    let file = try MappedFile(url)
    let header = try file.withBytes { (bytes) throws(CheckpointError) in try GGUFHeader(bytes, file: url) }
    (self.file, version) = (file, header.version)
    metadata = GGUFMetadata(header, file)
    guard try (metadata.int("split.count") ?? 1) <= 1 else {
      throw CheckpointError(
        file: url, "is one of several parts of a model", hint: "Join them with llama-gguf-split --merge")
    }
    let architecture = try GGUFArchitecture(metadata)
    var entries: [Entry] = []
    var layouts: [GGUFLayout] = []
    for tensor in header.tensors {
      let name = architecture.name(of: tensor.name)
      let layout = try architecture.layout(of: tensor.name)
      guard layout.fits(rows: tensor.shape[0]) else {
        throw CheckpointError(
          file: url, item: tensor.name, "has \(tensor.shape[0]) rows, which do not fit the number of heads")
      }
      var shape = tensor.shape
      if layout == .transposed { shape.reverse() }
      entries.append(
        Entry(
          name: name, typeName: tensor.type.name, type: TensorType(rawValue: tensor.type.name), shape: shape,
          range: tensor.range))
      layouts.append(layout)
    }
    (self.entries, self.layouts) = (entries, layouts)
    var places: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      guard places.updateValue(index, forKey: entry.name) == nil else {
        throw CheckpointError(file: url, item: entry.name, "is there twice, under two names")
      }
    }
    self.places = places
    let stored = Dictionary(uniqueKeysWithValues: header.tensors.map { ($0.name, $0) })
    configuration = try architecture.configuration(
      shapes: stored.mapValues(\.shape),
      vector: { (name) throws(CheckpointError) in
        guard let tensor = stored[name] else { return nil }
        return try Self.vector(tensor, file, url)
      })
  }

  package func entry(_ name: String) -> Entry? { places[name].map { entries[$0] } }

  package func place(of entry: Entry) -> Range<Int> { entry.range }

  /// How many tensors there are of each type, the most frequent first.
  package var typeCounts: [(type: String, count: Int)] {
    Dictionary(grouping: entries, by: \.typeName).map { ($0.key, $0.value.count) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  package func isContiguous(_ entry: Entry) -> Bool { layout(entry) == .asIs }

  package func weight(
    _ entry: Entry, rows: Int, columns: Int
  ) -> (weight: any StoredWeight, isTransposed: Bool)? {
    let layout = layout(entry)
    let isTransposed = layout == .transposed
    guard layout != .plusOne, entry.shape == [rows, columns] else { return nil }
    let (height, width) = isTransposed ? (columns, rows) : (rows, columns)
    let isInOrder = isTransposed || layout == .asIs
    return MappedWeight(
      file, entry.range, type: entry.type, rows: height, columns: width,
      places: isInOrder ? nil : (0..<height).map { layout.storedRow($0, of: height) }
    ).map { ($0, isTransposed) }
  }

  package func readRows(_ rows: [Int], of entry: Entry, to target: UnsafeMutablePointer<Float>) {
    let layout = layout(entry)
    if layout == .transposed {
      // Rows are columns of the file. No embedding table is stored so, and nothing else is read by rows.
      guard let columns = entry.shape.last,
        let all = try? matrix(entry, rows: entry.shape[0], columns: columns)
      else { return }
      for (index, row) in rows.enumerated() {
        (target + index * columns).update(from: all.pointer + row * columns, count: columns)
      }
      return
    }
    readStoredRows(rows.map { layout.storedRow($0, of: entry.shape[0]) }, of: entry, to: target)
    guard layout == .plusOne, let columns = entry.shape.last else { return }
    for index in 0..<rows.count * columns { target[index] -= 1 }
  }

  package func matrix(_ entry: Entry, rows: Int, columns: Int) throws(CheckpointError) -> Matrix {
    let layout = layout(entry)
    guard layout != .asIs else { return try storedMatrix(entry, rows: rows, columns: columns) }
    if layout == .transposed {
      let stored = try storedMatrix(entry, rows: columns, columns: rows)
      var result = Matrix(uninitializedRows: rows, columns: columns)
      let target = result.mutablePointer()
      for row in 0..<rows {
        for column in 0..<columns { target[row * columns + column] = stored[column, row] }
      }
      return result
    }
    // A vector's elements are its rows.
    let height = entry.shape[0]
    let width = rows * columns / height
    let stored = try storedMatrix(entry, rows: height, columns: width)
    var result = Matrix(uninitializedRows: rows, columns: columns)
    let target = result.mutablePointer()
    for row in 0..<height {
      let source = stored.pointer + layout.storedRow(row, of: height) * width
      for column in 0..<width {
        target[row * width + column] = layout == .plusOne ? source[column] - 1 : source[column]
      }
    }
    return result
  }

  private func layout(_ entry: Entry) -> GGUFLayout { places[entry.name].map { layouts[$0] } ?? .asIs }

  /// A small vector of F32 that the configuration needs.
  private static func vector(
    _ tensor: GGUFHeader.Tensor, _ file: MappedFile, _ url: URL
  ) throws(CheckpointError) -> [Float] {
    guard tensor.shape.count == 1, tensor.type.name == "F32", tensor.shape[0] <= 65536 else {
      throw CheckpointError(file: url, item: tensor.name, "is no vector of F32")
    }
    return file.withBytes { bytes in
      (0..<tensor.shape[0]).map {
        bytes.loadUnaligned(fromByteOffset: tensor.range.lowerBound + 4 * $0, as: Float.self)
      }
    }
  }
}
