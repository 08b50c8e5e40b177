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

  /// The bytes of a safetensors file that holds these Float32 matrices and this metadata, laid out as the
  /// reference writer does: names in order, the header padded with spaces to a multiple of 8.
  package static func serialize(_ tensors: [String: Matrix], metadata: [String: String]) -> Data {
    var header: [String: Any] = ["__metadata__": metadata]
    var end = 0
    let ordered = tensors.sorted { $0.key < $1.key }
    for (name, matrix) in ordered {
      let size = matrix.count * MemoryLayout<Float>.size
      header[name] = [
        "dtype": "F32", "shape": [matrix.rows, matrix.columns], "data_offsets": [end, end + size],
      ]
      end += size
    }
    // Strings and integers only: JSONSerialization cannot refuse them.
    var json =
      (try? JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes]))
      ?? Data()
    json.append(contentsOf: repeatElement(0x20, count: (8 - json.count % 8) % 8))
    var data = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    data.append(json)
    for (_, matrix) in ordered {
      data.append(UnsafeBufferPointer(start: matrix.pointer, count: matrix.count))
    }
    return data
  }
}
