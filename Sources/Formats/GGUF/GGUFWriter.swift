import Foundation

/// A GGUF file on its way out: one that was read, with changes. Metadata that is not changed keeps its bytes.
package struct GGUFWriter {
  package struct Tensor {
    package let name: String
    /// As rows of `shape.last`: the file lists sizes the other way round.
    package let shape: [Int]
    package let type: GGUFTensorType
    /// Passes the bytes on, piece by piece; false once a piece was not taken.
    fileprivate let forEachPiece: (_ take: (UnsafeRawBufferPointer) -> Bool) -> Bool

    /// A tensor whose pieces must be as many bytes as shape and type say.
    package init(
      _ name: String, shape: [Int], type: GGUFTensorType,
      forEachPiece: @escaping (_ take: (UnsafeRawBufferPointer) -> Bool) -> Bool
    ) {
      (self.name, self.shape, self.type, self.forEachPiece) = (name, shape, type, forEachPiece)
    }

    var byteCount: Int { type.byteCount(shape) }
  }

  private let version, alignment: Int
  private var fields: [(key: String, value: Data)]  // a value with its type, as the format has it
  package var tensors: [Tensor]

  /// What the file holds, its tensors read when they are written.
  package init(_ header: GGUFHeader, of file: MappedFile) {
    (version, alignment) = (header.version, header.alignment)
    fields = file.withBytes { bytes in
      header.fields.map { ($0.key, Data(UnsafeRawBufferPointer(rebasing: bytes[$0.place]))) }
    }
    tensors = header.tensors.map { tensor in
      Tensor(tensor.name, shape: tensor.shape, type: tensor.type) { take in
        let isTaken = file.withBytes { take(UnsafeRawBufferPointer(rebasing: $0[tensor.range])) }
        file.release(tensor.range)
        return isTaken
      }
    }
  }

  /// Sets a text, in place or at the end.
  package mutating func set(_ key: String, _ text: String) {
    set(key, GGUFValueType.string.rawValue.littleEndianBytes + Self.string(text))
  }

  /// Sets a count of 32 bits, in place or at the end.
  package mutating func set(_ key: String, _ number: UInt32) {
    set(key, GGUFValueType.uint32.rawValue.littleEndianBytes + number.littleEndianBytes)
  }

  /// Sets an array of numbers, in place or at the end.
  package mutating func set(_ key: String, _ numbers: [Int32]) {
    let start =
      GGUFValueType.array.rawValue.littleEndianBytes + GGUFValueType.int32.rawValue.littleEndianBytes
      + UInt64(numbers.count).littleEndianBytes
    set(key, numbers.reduce(into: start) { $0 += $1.littleEndianBytes })
  }

  private mutating func set(_ key: String, _ value: Data) {
    if let index = fields.firstIndex(where: { $0.key == key }) {
      fields[index].value = value
    } else {
      fields.append((key, value))
    }
  }

  /// Adds to an array of texts; false where there is none of that name.
  package mutating func append(_ texts: [String], to key: String) -> Bool {
    append(texts.count, to: key, .string, texts.reduce(Data()) { $0 + Self.string($1) })
  }

  /// Adds so many equal numbers to an array of numbers of 32 bits; false where there is none of that name.
  package mutating func append(_ number: Float, count: Int, to key: String) -> Bool {
    func repeated(_ value: Data) -> Data { (0..<count).reduce(into: Data()) { data, _ in data += value } }
    return append(count, to: key, .float32, repeated(number.bitPattern.littleEndianBytes))
      || append(count, to: key, .int32, repeated(Int32(number).littleEndianBytes))
      || append(count, to: key, .uint32, repeated(Int32(number).littleEndianBytes))
  }

  /// An array is its type, that of its elements, their number and the elements.
  private mutating func append(_ count: Int, to key: String, _ type: GGUFValueType, _ bytes: Data) -> Bool {
    let start = GGUFValueType.array.rawValue.littleEndianBytes + type.rawValue.littleEndianBytes
    guard let index = fields.firstIndex(where: { $0.key == key }), fields[index].value.starts(with: start)
    else { return false }
    let number = fields[index].value.dropFirst(8).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    fields[index].value.replaceSubrange(8..<16, with: (number + UInt64(count)).littleEndianBytes)
    fields[index].value += bytes
    return true
  }

  /// Writes the file whole or not at all.
  package func write(to url: URL) throws(FileError) {
    let head = header
    try AtomicFile.write(to: url) { descriptor in
      var writer = PacedWriter(descriptor)
      return head.withUnsafeBytes { writer.write($0) }
        && tensors.allSatisfy { tensor in
          tensor.forEachPiece { writer.write($0) }
            && padding(tensor.byteCount).withUnsafeBytes { writer.write($0) }
        }
    }
  }

  /// All that stands before the first tensor.
  private var header: Data {
    var data = Data("GGUF".utf8) + UInt32(version).littleEndianBytes
    data += UInt64(tensors.count).littleEndianBytes + UInt64(fields.count).littleEndianBytes
    for (key, value) in fields { data += Self.string(key) + value }
    var offset = 0
    for tensor in tensors {
      data += Self.string(tensor.name) + UInt32(tensor.shape.count).littleEndianBytes
      for size in tensor.shape.reversed() { data += UInt64(size).littleEndianBytes }
      data += tensor.type.number.littleEndianBytes + UInt64(offset).littleEndianBytes
      offset += tensor.byteCount + padding(tensor.byteCount).count
    }
    return data + padding(data.count)
  }

  /// The zeros from a place to the next aligned one.
  private func padding(_ position: Int) -> Data {
    Data(count: (alignment - position % alignment) % alignment)
  }

  private static func string(_ text: String) -> Data {
    UInt64(text.utf8.count).littleEndianBytes + Data(text.utf8)
  }
}
