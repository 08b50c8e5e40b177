import Formats
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
    let size = UInt32(content.count).littleEndianBytes
    let version = (20 as UInt16).littleEndianBytes
    // Version, flags, method (stored), time.
    var fields = version + Data(count: 2 + 2 + 2)
    fields += Self.date.littleEndianBytes + checksum32(content).littleEndianBytes + size + size
    fields += UInt16(name.utf8.count).littleEndianBytes + Data(count: 2)  // no extra field
    data += ZipArchive.localSignature.littleEndianBytes + fields + Data(name.utf8) + content
    directory += ZipArchive.centralSignature.littleEndianBytes + version + fields
    directory += Data(count: 2 + 2 + 2 + 4)  // comment, disk, attributes
    directory += offset.littleEndianBytes + Data(name.utf8)
    count += 1
  }

  /// The whole file.
  var bytes: Data {
    var end = ZipArchive.endSignature.littleEndianBytes + Data(count: 4)
    end += count.littleEndianBytes + count.littleEndianBytes
    end += UInt32(directory.count).littleEndianBytes + UInt32(data.count).littleEndianBytes + Data(count: 2)
    return data + directory + end
  }
}
