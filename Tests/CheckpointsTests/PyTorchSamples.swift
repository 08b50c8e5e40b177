import Foundation

/// PyTorch files made byte by byte, for what `torch.save` never writes.
enum PyTorchSamples {
  struct ZipEntry {
    var name: String
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0x0808
    /// The local header, where it differs.
    var localName: String?
    /// Sizes and the place in a zip64 extra field.
    var isWide = false
    /// The place of another entry, by its number.
    var placedAs: Int?
  }

  static func zip(_ entries: [ZipEntry], isWide: Bool = false, stated: UInt64? = nil) -> Data {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    var places: [Int] = []
    for entry in entries {
      places.append(entry.placedAs.map { places[$0] } ?? file.count)
      let (size, place) = (UInt64(entry.data.count), UInt64(places.last ?? 0))
      let name = Array(entry.name.utf8)
      let localName = entry.localName.map { Array($0.utf8) } ?? name
      file += bytes(0x0403_4B50 as UInt32) + bytes(0 as UInt16) + bytes(entry.flags) + bytes(entry.method)
      file +=
        [UInt8](repeating: 0, count: 16) + bytes(UInt16(localName.count)) + bytes(0 as UInt16) + localName
      file += entry.data
      directory +=
        bytes(0x0201_4B50 as UInt32) + bytes(0 as UInt32) + bytes(entry.flags) + bytes(entry.method)
      directory += bytes(0 as UInt64)  // time and checksum
      directory += bytes(entry.isWide ? .max : UInt32(size)) + bytes(entry.isWide ? .max : UInt32(size))
      directory += bytes(UInt16(name.count)) + bytes(entry.isWide ? 28 : 0 as UInt16)
      directory += [UInt8](repeating: 0, count: 10)
      directory += bytes(entry.isWide ? .max : UInt32(place)) + name
      if entry.isWide {
        directory += bytes(1 as UInt16) + bytes(24 as UInt16) + bytes(size) + bytes(size) + bytes(place)
      }
    }
    let count = stated ?? UInt64(entries.count)
    let (start, end) = (UInt64(file.count), UInt64(file.count + directory.count))
    file += directory
    if isWide {
      file += bytes(0x0606_4B50 as UInt32) + bytes(44 as UInt64) + bytes(0 as UInt32) + bytes(0 as UInt64)
      file += bytes(count) + bytes(count) + bytes(end - start) + bytes(start)
      file += bytes(0x0706_4B50 as UInt32) + bytes(0 as UInt32) + bytes(end) + bytes(1 as UInt32)
    }
    file += bytes(0x0605_4B50 as UInt32) + bytes(0 as UInt32)
    file += bytes(isWide ? .max : UInt16(count)) + bytes(isWide ? .max : UInt16(count))
    file += bytes(isWide ? .max : UInt32(end - start)) + bytes(isWide ? .max : UInt32(start))
    return Data(file + bytes(0 as UInt16))
  }

  /// A file with this pickle, and one storage "0" of `size` bytes.
  static func entries(_ pickle: [UInt8], size: Int = 24) -> [ZipEntry] {
    [
      ZipEntry(name: "m/data.pkl", data: pickle), ZipEntry(name: "m/version", data: Array("3\n".utf8)),
      ZipEntry(name: "m/data/0", data: (0..<size).map { UInt8(truncatingIfNeeded: $0) }),
    ]
  }

  static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  // Pickles, from Python's opcodes.
  static func text(_ text: String) -> [UInt8] { [0x58] + bytes(UInt32(text.utf8.count)) + Array(text.utf8) }
  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }
  static func integer(_ value: Int) -> [UInt8] { [0x8A, 8] + bytes(value) }
  static func tuple(_ parts: [[UInt8]]) -> [UInt8] { [0x28] + parts.joined() + [0x74] }
  static func call(_ function: [UInt8], _ arguments: [[UInt8]]) -> [UInt8] {
    function + tuple(arguments) + [0x52]
  }
  static func pickle(_ value: [UInt8]) -> [UInt8] { [0x80, 2] + value + [0x2E] }
  static func dictionary(_ members: [(String, [UInt8])]) -> [UInt8] {
    [0x7D, 0x28] + members.flatMap { text($0.0) + $0.1 } + [0x75]
  }
  static let orderedDictionary: [UInt8] = global("collections", "OrderedDict") + [0x29, 0x52]

  static func storage(
    _ type: String = "FloatStorage", module: String = "torch", key: String = "0", count: Int = 6
  ) -> [UInt8] {
    let parts = [text("storage"), global(module, type), text(key), text("cpu"), integer(count)]
    return tuple(parts) + [0x51]
  }

  static func tensor(
    offset: Int = 0, _ shape: [Int] = [2, 3], _ strides: [Int] = [3, 1], in storage: [UInt8] = storage()
  ) -> [UInt8] {
    call(
      global("torch._utils", "_rebuild_tensor_v2"),
      [
        storage, integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer)), [0x89],
        orderedDictionary,
      ])
  }
}
