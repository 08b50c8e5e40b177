import Formats
import Foundation
import Tensors

/// A matrix that stays in its file: rows are read when they are asked for, and memory is given back after.
package struct StoredTensor: Sendable {
  package let name: String
  package let rows: Int
  package let columns: Int
  private let file: any TensorFile
  private let entry: SafetensorsHeader.Entry
  private var elementType: TensorType? { entry.type }

  /// Throws when the tensor is no matrix of a type that can be read.
  package init(_ file: any TensorFile, _ entry: SafetensorsHeader.Entry) throws(CheckpointError) {
    guard entry.shape.count == 2, entry.type?.isReadable == true,
      entry.shape.allSatisfy({ $0 > 0 && $0 <= Int(Int32.max) })
    else {
      throw CheckpointError(
        file: file.url, item: entry.name,
        "is \(entry.typeName) \(entry.shape), where a matrix of \(TensorType.readableNames(in: file)) is needed"
      )
    }
    name = entry.name
    (rows, columns) = (entry.shape[0], entry.shape[1])
    self.file = file
    self.entry = entry
  }

  /// The chosen rows as Float32, in that order.
  package func gathering(_ indices: [Int]) -> Matrix {
    var result = Matrix(uninitializedRows: indices.count, columns: columns)
    let target = result.mutablePointer()
    precondition(indices.allSatisfy { $0 >= 0 && $0 < rows })
    file.readRows(indices, of: entry, to: target)
    return result
  }

  /// Calls `body` with all rows as Float32, some at a time, in order.
  package func forEachBlock(_ body: (Matrix) -> Void) {
    let height = max(1, (1 << 20) / max(1, columns))
    for start in stride(from: 0, to: rows, by: height) {
      body(gathering(Array(start..<min(rows, start + height))))
    }
  }

  /// SHA-256 of the stored bytes, in lower-case hexadecimal.
  package func sha256() -> String {
    var hash = SecureHash(.sha256)
    file.withBytes(entry) { bytes in
      let size = 8 << 20
      for start in stride(from: 0, to: bytes.count, by: size) {
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + size)]))
        file.release(entry)
      }
    }
    return hash.finalize()
  }
}

extension StoredTensor {
  /// The nearest number of the tensor's type, which is taken to be of ordinary size.
  package func rounded(_ number: Double) -> Double {
    let digits: Int
    switch elementType {
    case .bfloat16: digits = 7
    case .float16: digits = 10
    default: return Double(Float(number))
    }
    guard number != 0, number.isFinite else { return number }
    // 2 ^ digits units between a power of two and the next.
    let unit = Double(sign: .plus, exponent: number.exponent - digits, significand: 1)
    return (number / unit).rounded(.toNearestOrEven) * unit
  }
}
