import Formats
import Foundation
import Tensors

/// Matrices may be views of a mapped file.
extension MappedFile: PageHolder {}

/// A mapped file with named tensors. Nothing is read but its directory and the tensors asked for.
package protocol TensorFile: Sendable {
  typealias Entry = SafetensorsHeader.Entry

  var url: URL { get }
  var file: MappedFile { get }
  var entries: [Entry] { get }
  func entry(_ name: String) -> Entry?

  /// From the tensor's first to its last byte in the file.
  func place(of entry: Entry) -> Range<Int>

  /// Whether the elements lie there one after the other, row by row.
  func isContiguous(_ entry: Entry) -> Bool

  /// A tensor as Float32 with the given shape: a view of the file where it is stored as aligned F32, row by
  /// row, else a copy.
  func matrix(_ entry: Entry, rows: Int, columns: Int) throws(CheckpointError) -> Matrix

  /// The matrix as it is stored, where it is to be widened piece by piece; nil where it is not stored as rows of
  /// another type than Float32. It may be the transposed matrix that is stored.
  func weight(_ entry: Entry, rows: Int, columns: Int) -> (weight: any StoredWeight, isTransposed: Bool)?

  /// Rows of a matrix of a readable type as Float32, one after the other. What reading took is given back.
  func readRows(_ rows: [Int], of entry: Entry, to target: UnsafeMutablePointer<Float>)

  /// Calls `body` with the tensor's stored elements one after the other, row by row.
  func withBytes<Result, Failure: Error>(
    _ entry: Entry, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

extension TensorFile {
  package func isContiguous(_ entry: Entry) -> Bool { true }

  package func withBytes<Result, Failure: Error>(
    _ entry: Entry, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try file.withBytes { (bytes) throws(Failure) in
      try body(UnsafeRawBufferPointer(rebasing: bytes[place(of: entry)]))
    }
  }

  /// Gives back the memory that reading the tensor took.
  package func release(_ entry: Entry) { file.release(place(of: entry)) }

  package func weight(
    _ entry: Entry, rows: Int, columns: Int
  ) -> (weight: any StoredWeight, isTransposed: Bool)? {
    guard isContiguous(entry) else { return nil }
    return MappedWeight(file, place(of: entry), type: entry.type, rows: rows, columns: columns).map {
      ($0, false)
    }
  }

  package func readRows(_ rows: [Int], of entry: Entry, to target: UnsafeMutablePointer<Float>) {
    readStoredRows(rows, of: entry, to: target)
  }

  /// The rows that stand at these places in the file.
  func readStoredRows(_ rows: [Int], of entry: Entry, to target: UnsafeMutablePointer<Float>) {
    guard let type = entry.type, let columns = entry.shape.last else { return }
    withBytes(entry) { bytes in
      guard let base = bytes.baseAddress else { return }
      let stride = type.byteCount(columns)
      for (index, row) in rows.enumerated() {
        type.widen(base + row * stride, to: target + index * columns, count: columns)
        if index % 1024 == 1023 { release(entry) }
      }
    }
    release(entry)
  }

  /// A matrix with at least one element as Float32, in the shape that it is stored in.
  package func matrix(_ entry: Entry) throws(CheckpointError) -> Matrix {
    guard entry.shape.count == 2, entry.shape.allSatisfy({ $0 > 0 }) else {
      throw CheckpointError(
        file: url, item: entry.name, "has shape \(entry.shape), where a matrix is needed")
    }
    return try matrix(entry, rows: entry.shape[0], columns: entry.shape[1])
  }

  package func matrix(_ entry: Entry, rows: Int, columns: Int) throws(CheckpointError) -> Matrix {
    try storedMatrix(entry, rows: rows, columns: columns)
  }

  /// The tensor with its elements in the order of the file.
  func storedMatrix(_ entry: Entry, rows: Int, columns: Int) throws(CheckpointError) -> Matrix {
    // First of all: of other types not even the number of elements is known to fit.
    guard let type = entry.type, type.isReadable else {
      throw CheckpointError(
        file: url, item: entry.name,
        "has elements of type \(entry.typeName), where \(TensorType.readableNames(in: self)) can be read",
        hint: "Convert the checkpoint to one of these")
    }
    guard [rows, columns].allSatisfy({ $0 <= Int(Int32.max) }) else {
      throw CheckpointError(
        file: url, item: entry.name, "has shape \(entry.shape), larger than \(Int32.max)")
    }
    precondition(entry.shape.reduce(1, *) == rows * columns)
    return try withBytes(entry) { (source) throws(CheckpointError) in
      guard let base = source.baseAddress, !source.isEmpty else {
        return Matrix(rows: rows, columns: columns)
      }
      if type == .float32, isContiguous(entry), Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 {
        return Matrix(
          rows: rows, columns: columns, mapped: base.assumingMemoryBound(to: Float.self), keeping: file)
      }
      var result = Matrix(uninitializedRows: rows, columns: columns)
      type.widen(base, to: result.mutablePointer(), count: result.count)
      return result
    }
  }
}
