import Crypto
import Foundation
import Tensors

/// A mapped safetensors file. Nothing is read but the header and the tensors asked for.
package struct SafetensorsFile: Sendable {
  package let url: URL
  package let header: SafetensorsHeader
  private let file: MappedFile
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

  package func entry(_ name: String) -> SafetensorsHeader.Entry? { places[name].map { header.entries[$0] } }

  /// Calls `body` with the stored bytes of a tensor.
  private func withBytes<Result>(
    _ entry: SafetensorsHeader.Entry, _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    try file.withBytes { (bytes) throws(CheckpointError) in
      let start = header.dataOffset + entry.range.lowerBound
      return try body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + entry.range.count]))
    }
  }

  /// A tensor as Float32 with the given shape: a view of the file where it is stored as aligned F32, else a copy.
  package func matrix(
    _ entry: SafetensorsHeader.Entry, rows: Int, columns: Int
  ) throws(CheckpointError) -> Matrix {
    precondition(entry.shape.reduce(1, *) == rows * columns)
    return try withBytes(entry) { (source) throws(CheckpointError) in
      guard let base = source.baseAddress else { return Matrix(rows: rows, columns: columns) }
      if entry.type == .float32, Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 {
        return Matrix(
          rows: rows, columns: columns, mapped: base.assumingMemoryBound(to: Float.self), keeping: file)
      }
      var result = Matrix(uninitializedRows: rows, columns: columns)
      let target = result.mutablePointer()
      switch entry.type {
      case .float32: memcpy(target, base, source.count)
      case .float16: kernels.widen_float16(base, target, result.count)
      case .bfloat16: kernels.widen_bfloat16(base, target, result.count)
      default:
        throw CheckpointError(
          file: url, item: entry.name,
          "has elements of type \(entry.typeName), where F32, F16 or BF16 can be read",
          hint: "Convert the checkpoint to one of these")
      }
      return result
    }
  }

  /// SHA-256 of a tensor's bytes as they are stored, in lower-case hexadecimal.
  package func sha256(_ entry: SafetensorsHeader.Entry) throws(CheckpointError) -> String {
    var hash = SHA256()
    try withBytes(entry) { hash.update(bufferPointer: $0) }
    return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
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
