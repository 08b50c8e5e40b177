import Foundation

/// GGUF files written byte by byte, right and wrong ones.
package struct RawGGUF {
  package var magic = "GGUF"
  package var version: UInt32 = 3
  package var metadata: [(key: String, value: Data)] = []
  package var tensors: [(name: String, sizes: [UInt64], type: UInt32, offset: UInt64)] = []
  /// What the header says where it is not what there is.
  package var statedTensors: UInt64?
  package var statedValues: UInt64?
  package var alignment = 32
  package var data = Data()

  package init(architecture: String = "llama") {
    set("general.architecture", architecture)
  }

  package mutating func set(_ key: String, _ text: String) {
    metadata.append((key, Self.integer(UInt32(8)) + Self.string(text)))
  }

  package mutating func set(_ key: String, _ number: UInt32) {
    metadata.append((key, Self.integer(UInt32(4)) + Self.integer(number)))
  }

  /// An array of texts.
  package mutating func set(_ key: String, _ texts: [String]) {
    let count = Self.integer(UInt64(texts.count))
    metadata.append(
      (key, texts.reduce(Self.integer(UInt32(9)) + Self.integer(UInt32(8)) + count) { $0 + Self.string($1) }))
  }

  /// A matrix of F32, placed after those before it.
  package mutating func add(_ name: String, _ rows: [[Float]]) {
    while data.count % alignment != 0 { data.append(0) }
    tensors.append((name, [UInt64(rows[0].count), UInt64(rows.count)], 0, UInt64(data.count)))
    for value in rows.joined() { data += Self.integer(value.bitPattern) }
  }

  package static func integer(_ value: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
  }

  package static func string(_ text: String) -> Data { integer(UInt64(text.utf8.count)) + Data(text.utf8) }

  package var bytes: Data {
    var bytes = Data(magic.utf8) + Self.integer(version)
    bytes += Self.integer(statedTensors ?? UInt64(tensors.count))
    bytes += Self.integer(statedValues ?? UInt64(metadata.count))
    for (key, value) in metadata { bytes += Self.string(key) + value }
    for tensor in tensors {
      bytes += Self.string(tensor.name) + Self.integer(UInt32(tensor.sizes.count))
      for size in tensor.sizes { bytes += Self.integer(size) }
      bytes += Self.integer(tensor.type) + Self.integer(tensor.offset)
    }
    while bytes.count % alignment != 0 { bytes.append(0) }
    return bytes + data
  }
}
