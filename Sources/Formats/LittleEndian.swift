import Foundation

extension FixedWidthInteger {
  /// Its bytes, the lowest first.
  package var littleEndianBytes: Data { withUnsafeBytes(of: littleEndian) { Data($0) } }
}
