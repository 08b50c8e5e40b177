import Foundation

/// A zip file of entries that are stored as they are, of less than 4 GiB: what `ZipArchive` reads.
struct ZipWriter {
  private var data = Data()
  private var directory = Data()
  private var count: UInt16 = 0

  /// 1 January 1980, midnight: as PyTorch writes it, and so that the same tensors are the same bytes.
  private static let date: UInt16 = 0x21

  mutating func add(_ name: String, _ content: Data) {
    precondition(data.count + content.count < UInt32.max)
    let offset = UInt32(data.count)
    // Version, flags, method (stored), time.
    var fields = Self.bytes(20 as UInt16) + Data(count: 2 + 2 + 2)
    fields += Self.bytes(Self.date) + Self.bytes(checksum32(content))
    fields += Self.bytes(UInt32(content.count)) + Self.bytes(UInt32(content.count))
    fields += Self.bytes(UInt16(name.utf8.count)) + Self.bytes(0 as UInt16)  // no extra field
    data += Self.bytes(ZipArchive.localSignature) + fields + Data(name.utf8) + content
    directory += Self.bytes(ZipArchive.centralSignature) + Self.bytes(20 as UInt16) + fields
    directory += Data(count: 2 + 2 + 2 + 4)  // comment, disk, attributes
    directory += Self.bytes(offset) + Data(name.utf8)
    count += 1
  }

  /// The whole file.
  var bytes: Data {
    var end = Self.bytes(ZipArchive.endSignature) + Data(count: 4) + Self.bytes(count) + Self.bytes(count)
    end += Self.bytes(UInt32(directory.count)) + Self.bytes(UInt32(data.count)) + Data(count: 2)
    return data + directory + end
  }

  private static func bytes(_ value: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
  }
}
