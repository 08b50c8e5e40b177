/// Text cut into consecutive pieces, stored one after another; no piece is empty.
struct Pieces {
  private var scalars: [Unicode.Scalar] = []
  private var ends: [Int] = []

  /// Whether what stands first in the text has been left out.
  private(set) var hasSkippedStart = false

  /// Adds a scalar to the piece that is being made.
  mutating func add(_ scalar: Unicode.Scalar) { scalars.append(scalar) }

  /// Ends the piece that is being made; without a scalar in it there is none.
  mutating func close() {
    if scalars.count > (ends.last ?? 0) { ends.append(scalars.count) }
  }

  /// The same, and leaves something out after it.
  mutating func skip() {
    if scalars.isEmpty { hasSkippedStart = true }
    close()
  }

  /// Adds a whole piece.
  mutating func append(_ piece: ArraySlice<Unicode.Scalar>) {
    scalars.append(contentsOf: piece)
    close()
  }
}

extension Pieces: RandomAccessCollection {
  var startIndex: Int { 0 }
  var endIndex: Int { ends.count }
  subscript(index: Int) -> ArraySlice<Unicode.Scalar> {
    scalars[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }
}

extension Array where Element == UInt8 {
  /// Appends the scalar's UTF-8 bytes.
  @inline(__always)
  mutating func append(utf8 scalar: Unicode.Scalar) {
    let value = scalar.value
    if value < 0x80 {
      append(UInt8(truncatingIfNeeded: value))
      return
    }
    if value < 0x800 {
      append(UInt8(truncatingIfNeeded: 0xC0 | value >> 6))
    } else {
      if value < 0x10000 {
        append(UInt8(truncatingIfNeeded: 0xE0 | value >> 12))
      } else {
        append(UInt8(truncatingIfNeeded: 0xF0 | value >> 18))
        append(UInt8(truncatingIfNeeded: 0x80 | value >> 12 & 0x3F))
      }
      append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
    }
    append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
  }
}
