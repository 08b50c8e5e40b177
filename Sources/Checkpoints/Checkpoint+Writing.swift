import Formats
import Foundation
import Tensors

/// Rows that take the place of a stored tensor's from `first` on; the tensor grows where they reach beyond its end, by rows of
/// zeros between the two where `first` does.
package struct ReplacedRows: Sendable {
  let first: Int
  let rows: Matrix

  package init(_ rows: Matrix, from first: Int) { (self.first, self.rows) = (first, rows) }

  /// (V, E) with the rows in place.
  fileprivate func apply(to matrix: Matrix) -> Matrix {
    precondition(rows.columns == matrix.columns)
    if first > matrix.rows {
      let gap = [Float](repeating: 0, count: (first - matrix.rows) * matrix.columns)
      return Matrix(
        rows: first + rows.rows, columns: matrix.columns, matrix.elements + gap + rows.elements)
    }
    let rest = min(matrix.rows, first + rows.rows)..<matrix.rows
    return Matrix(
      rows: first + rows.rows + rest.count, columns: matrix.columns,
      matrix.rowBlock(0..<first).elements + rows.elements + matrix.rowBlock(rest).elements)
  }
}

extension Checkpoint {
  /// Writes all tensors to one safetensors file: those with replaced rows in F32, so that these lose no digit, the others
  /// byte for byte. A vector counts as a matrix of one column.
  package func write(to url: URL, replacing replacements: [String: ReplacedRows]) throws(CheckpointError) {
    var parts: [WrittenTensor] = []
    for name in tensorNames {
      guard let (file, entry) = entry(name) else { continue }
      guard let replacement = replacements[name] else {
        parts.append(WrittenTensor(file, entry))
        continue
      }
      let columns = entry.shape.dropFirst().first ?? 1
      let matrix = replacement.apply(to: try file.matrix(entry, rows: entry.shape[0], columns: columns))
      parts.append(
        WrittenTensor(name, matrix, shape: [matrix.rows] + entry.shape.dropFirst()))
    }
    // Wide elements first, as the reference writer has it: then all are aligned.
    parts.sort { ($1.elementBits, $0.name) < ($0.elementBits, $1.name) }
    try WrittenTensor.write(parts, metadata: ["format": "pt"], to: url)
  }
}

/// A tensor on its way into a file.
private struct WrittenTensor {
  let name, typeName: String
  let shape: [Int]
  let elementBits, byteCount: Int
  private let withBytes: ((UnsafeRawBufferPointer) -> Bool) -> Bool

  init(_ file: any TensorFile, _ entry: SafetensorsHeader.Entry) {
    (name, typeName, shape) = (entry.name, entry.typeName, entry.shape)
    elementBits = entry.type?.bits ?? 8
    byteCount = file.withBytes(entry, \.count)
    withBytes = { body in
      defer { file.release(entry) }
      return file.withBytes(entry, body)
    }
  }

  init(_ name: String, _ matrix: Matrix, shape: [Int]) {
    (self.name, typeName, self.shape) = (name, TensorType.float32.rawValue, shape)
    elementBits = TensorType.float32.bits
    byteCount = matrix.count * MemoryLayout<Float>.size
    withBytes = {
      $0(UnsafeRawBufferPointer(start: matrix.pointer, count: matrix.count * MemoryLayout<Float>.size))
    }
  }

  /// Writes them one after the other, never all of them in memory.
  static func write(
    _ tensors: [WrittenTensor], metadata: [String: String], to url: URL
  ) throws(CheckpointError) {
    func failure() -> CheckpointError {
      CheckpointError(
        file: url, "cannot be written (\(systemMessage()))",
        hint: "Check the folder's permissions and the space left")
    }
    let header = SafetensorsHeader.serialize(
      tensors.map { ($0.name, $0.typeName, $0.shape, $0.byteCount) }, metadata: metadata)
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure() }
    var writer = PacedWriter(descriptor)
    let isWritten =
      header.withUnsafeBytes { writer.write($0) }
      && tensors.allSatisfy { tensor in tensor.withBytes { writer.write($0) } }
      && fsync(descriptor) == 0
    guard close(descriptor) == 0, isWritten else { throw failure() }
  }
}
