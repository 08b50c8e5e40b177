import Formats
import Foundation
import Tensors

/// A matrix in a mapped file, of a type that is widened where it is worked with.
struct MappedWeight: StoredWeight, @unchecked Sendable {  // the file is never written
  let rows, columns: Int
  let blockLength: Int
  private let type: TensorType
  private let base: UnsafeRawPointer
  private let stride: Int
  /// Where each row stands, where they do not stand in order.
  private let places: [Int]?
  private let file: MappedFile

  /// Nil for Float32, for types that cannot be read, and where rows are no whole blocks.
  /// - Parameters:
  ///   - place: of the elements in the file, row by row
  ///   - places: where each row stands among the stored ones; nil for in order
  init?(
    _ file: MappedFile, _ place: Range<Int>, type: TensorType?, rows: Int, columns: Int, places: [Int]? = nil
  ) {
    guard let type, type.isReadable, type != .float32, columns > 0, columns % type.blockLength == 0,
      place.count == rows * type.byteCount(columns),
      let base = file.withBytes({ $0.baseAddress.map { $0 + place.lowerBound } })
    else { return nil }
    (self.rows, self.columns, self.type, self.base, self.places, self.file) = (
      rows, columns, type, base, places, file
    )
    (blockLength, stride) = (type.blockLength, type.byteCount(columns))
  }

  func widen(row: Int, columns part: Range<Int>, to target: UnsafeMutablePointer<Float>) {
    precondition(row >= 0 && row < rows && part.lowerBound >= 0 && part.upperBound <= columns)
    let start = base + (places?[row] ?? row) * stride + type.byteCount(part.lowerBound)
    withExtendedLifetime(file) { type.widen(start, to: target, count: part.count) }
  }

  func releasePages() { file.release(UnsafeRawBufferPointer(start: base, count: rows * stride)) }
}
