import Formats
import Foundation
import Tensors

/// NumPy's `.npy` files of matrices (`numpy/lib/format.py`, versions 1 to 3), as OptiPrompt writes its vectors.
package enum NumPyFile {
  static let magic = Data([0x93]) + Data("NUMPY".utf8)

  package static func isOne(_ url: URL) -> Bool { FileStart.read(url, magic.count) == magic }

  /// The matrix of a file with two dimensions of `<f4`, `<f8` or `<f2`, as Float32. Nothing in the file is executed:
  /// arrays of objects, which are pickles, are refused.
  package static func matrix(_ url: URL) throws(CheckpointError) -> Matrix {
    try MappedFile(url).withBytes { (bytes) throws(CheckpointError) in
      var reader = ByteReader(bytes)
      guard let start = reader.take(magic.count), bytes[start].elementsEqual(magic),
        let major = reader.next(UInt8.self), (1...3).contains(major), reader.next(UInt8.self) != nil,
        let length = major == 1
          ? reader.next(UInt16.self).map(Int.init) : reader.next(UInt32.self).map(Int.init),
        let text = reader.take(length)
      else {
        throw CheckpointError(file: url, "has no header of an .npy file", hint: "Write it with numpy.save")
      }
      let header = try NumPyHeader(String(decoding: bytes[text], as: UTF8.self), file: url)
      let data = UnsafeRawBufferPointer(rebasing: bytes[reader.position...])
      guard data.count == header.byteCount else {
        throw CheckpointError(
          file: url,
          "holds \(data.count) bytes where \(header.rows) x \(header.columns) need \(header.byteCount)",
          hint: "The file is cut off, or not one array")
      }
      return header.matrix(data)
    }
  }

  /// The file's bytes: `<f4`, row by row, as `numpy.save` writes them.
  /// - Parameter isBatch: whether the array is a batch of one matrix, (1, rows, columns)
  package static func serialize(_ matrix: Matrix, isBatch: Bool = false) -> Data {
    let shape = (isBatch ? "1, " : "") + "\(matrix.rows), \(matrix.columns)"
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }"
    let start = magic.count + 4
    header += String(repeating: " ", count: 63 - (start + header.utf8.count) % 64) + "\n"
    var data = magic + Data([1, 0]) + UInt16(header.utf8.count).littleEndianBytes + Data(header.utf8)
    data.append(UnsafeBufferPointer(start: matrix.pointer, count: matrix.count))
    return data
  }
}

/// What the Python dictionary at the start of an `.npy` file says.
private struct NumPyHeader {
  let rows, columns: Int
  private let type: String
  private let isColumnMajor: Bool
  private static let sizes = ["<f2": 2, "<f4": 4, "<f8": 8]

  var byteCount: Int { rows * columns * (Self.sizes[type] ?? 0) }

  init(_ text: String, file: URL) throws(CheckpointError) {
    func failure(_ problem: String, _ item: String? = nil, hint: String? = nil) -> CheckpointError {
      CheckpointError(file: file, item: item, problem, hint: hint)
    }
    let pattern =
      /\s*\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d, ]*)\),?\s*\}\s*/
    guard let match = text.wholeMatch(of: pattern) else {
      throw failure("has a header that is not an array's")
    }
    type = String(match.1)
    guard Self.sizes[type] != nil else {
      throw failure(
        "is \(type), where <f4, <f8 or <f2 can be read", "descr", hint: "Save array.astype('<f4')")
    }
    isColumnMajor = match.2 == "True"
    let shape = match.3.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) ?? 0 }
    guard shape.count == 2, shape.allSatisfy({ (1...1 << 24).contains($0) }) else {
      throw failure("is (\(match.3)), where a matrix is needed", "shape")
    }
    (rows, columns) = (shape[0], shape[1])
  }

  func matrix(_ data: UnsafeRawBufferPointer) -> Matrix {
    let count = rows * columns
    let elements = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let target = buffer.baseAddress, let source = data.baseAddress else { return }
      switch type {
      case "<f2": TensorType.float16.widen(source, to: target, count: count)
      case "<f8":
        for index in 0..<count {
          target[index] = Float(data.loadUnaligned(fromByteOffset: 8 * index, as: Double.self))
        }
      default: TensorType.float32.widen(source, to: target, count: count)
      }
      initialized = count
    }
    return isColumnMajor
      ? Matrix(rows: columns, columns: rows, elements).transposed()
      : Matrix(rows: rows, columns: columns, elements)
  }
}
