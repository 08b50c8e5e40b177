/// Reads the fields of a Protocol Buffers message, one after another.
/// (https://protobuf.dev/programming-guides/encoding)
struct ProtocolBuffer {
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  /// Whether the bytes have turned out not to be a message.
  private(set) var isDamaged = false

  enum Value {
    case integer(UInt64)
    case float(Float)
    case bytes(ArraySlice<UInt8>)
    /// Eight bytes, which no field that is read here has.
    case other
  }

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The next field, or nil at the end and where the message is damaged.
  mutating func next() -> (number: UInt64, value: Value)? {
    guard position < bytes.endIndex else { return nil }
    guard let key = varint(), key >> 3 > 0 else {
      isDamaged = true
      return nil
    }
    switch key & 7 {
    case 0: if let value = varint() { return (key >> 3, .integer(value)) }
    case 1: if take(8) != nil { return (key >> 3, .other) }
    case 2:
      if let length = varint(), length <= UInt64(bytes.count), let slice = take(Int(length)) {
        return (key >> 3, .bytes(slice))
      }
    case 5:
      if let slice = take(4) {
        let pattern = slice.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return (key >> 3, .float(Float(bitPattern: pattern)))
      }
    default: break  // groups have been given up long ago
    }
    isDamaged = true
    return nil
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < bytes.endIndex else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= bytes.endIndex - position else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
