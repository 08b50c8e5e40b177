import Checkpoints
import Formats
import Foundation
import Tensors

extension SoftPrompt {
  /// Writes the vectors alone, as NumPy's `.npy`: what OptiPrompt and the paper's code read.
  /// - Parameter rows: how many rows the file gets, zeros after the vectors; the vectors' number when nil. Their code wants
  ///   ten.
  public func writeNumPy(to url: URL, rows: Int? = nil) throws(TransferError) {
    let count = rows ?? vectors.rows
    guard count >= vectors.rows else {
      throw TransferError(url.path, "\(count) rows do not hold \(vectors.rows) vectors")
    }
    let padding = repeatElement(Float(0), count: (count - vectors.rows) * vectors.columns)
    let matrix = Matrix(rows: count, columns: vectors.columns, vectors.elements + padding)
    try TransferError.unify { try AtomicFile.write(NumPyFile.serialize(matrix), to: url) }
  }
}
