import Formats
import Foundation
import Tensors

/// A mapped safetensors file. Nothing is read but the header and the tensors asked for.
package struct SafetensorsFile: TensorFile {
  package let url: URL
  package let header: SafetensorsHeader
  package let file: MappedFile
  private let places: [String: Int]

  package init(_ url: URL) throws(CheckpointError) {
    self.url = url
    file = try MappedFile(url)
    header = try file.withBytes { (bytes) throws(CheckpointError) in
      try SafetensorsHeader(bytes, file: url)
    }
    places = Dictionary(
      header.entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package var entries: [SafetensorsHeader.Entry] { header.entries }

  package func entry(_ name: String) -> SafetensorsHeader.Entry? { places[name].map { header.entries[$0] } }

  package func place(of entry: SafetensorsHeader.Entry) -> Range<Int> {
    let start = header.dataOffset + entry.range.lowerBound
    return start..<start + entry.range.count
  }

  /// The bytes of a safetensors file that holds these Float32 matrices, by name, and this metadata.
  /// - Parameter vectors: the names of those that are stored with one dimension, as biases and norms are: a matrix of one row
  ///   is another shape to other readers
  package static func serialize(
    _ tensors: [String: Matrix], vectors: Set<String> = [], metadata: [String: String]
  ) -> Data {
    let ordered = tensors.sorted { $0.key < $1.key }
    var data = SafetensorsHeader.serialize(
      ordered.map { name, matrix in
        let shape = vectors.contains(name) ? [matrix.count] : [matrix.rows, matrix.columns]
        return (name, "F32", shape, matrix.count * MemoryLayout<Float>.size)
      }, metadata: metadata)
    for (_, matrix) in ordered {
      data.append(UnsafeBufferPointer(start: matrix.pointer, count: matrix.count))
    }
    return data
  }
}
