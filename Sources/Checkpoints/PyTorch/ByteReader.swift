/// Steps through bytes that may end anywhere. Integers are little-endian.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var position: Int

  /// Reads from `position` on; outside the bytes there is nothing to read.
  init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
    self.bytes = bytes
    self.position = position < 0 ? bytes.count : min(position, bytes.count)
  }

  var isAtEnd: Bool { position == bytes.count }

  /// The place of the next `count` bytes, stepped over; nil when there are fewer.
  mutating func take(_ count: Int) -> Range<Int>? {
    guard count >= 0, count <= bytes.count - position else { return nil }
    defer { position += count }
    return position..<position + count
  }

  /// The next bytes as an integer; nil when there are too few.
  mutating func next<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value? {
    guard let place = take(MemoryLayout<Value>.size) else { return nil }
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: place.lowerBound, as: Value.self))
  }

  /// The bytes up to the next line feed, which is stepped over; nil when there is none.
  mutating func line() -> Range<Int>? {
    var end = position
    while end < bytes.count, bytes[end] != 0x0A { end += 1 }
    guard end < bytes.count else { return nil }
    defer { position = end + 1 }
    return position..<end
  }
}

/// CRC-32 as zip has it (polynomial 0xEDB88320, reflected).
func checksum32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  let table = (0..<256 as Range<UInt32>).map { index in
    (0..<8).reduce(index) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }
  return ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
}
