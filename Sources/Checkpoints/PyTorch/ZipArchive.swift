/// The directory of a zip file whose entries are stored as they are, zip64 included.
///
/// Read strictly: the directory must end where its end record begins and that record where the file does, and
/// the entries may not overlap. Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.
struct ZipArchive {
  struct Entry {
    /// Where the entry's bytes lie in the file.
    let range: Range<Int>
    let checksum: UInt32
  }

  let entries: [String: Entry]

  static let directoryLimit = 64 << 20
  static let localSignature: UInt32 = 0x0403_4B50
  static let centralSignature: UInt32 = 0x0201_4B50
  static let endSignature: UInt32 = 0x0605_4B50
  private static let wideEndSignature: UInt32 = 0x0606_4B50
  private static let locatorSignature: UInt32 = 0x0706_4B50

  /// `bytes` are those of the whole file.
  init(_ bytes: UnsafeRawBufferPointer) throws(PyTorchProblem) {
    let (directory, count) = try Self.directory(bytes)
    guard directory.count <= Self.directoryLimit else {
      throw PyTorchProblem("has a zip directory of more than \(Self.directoryLimit) bytes")
    }
    var reader = ByteReader(
      UnsafeRawBufferPointer(rebasing: bytes[..<directory.upperBound]), at: directory.lowerBound)
    var entries: [String: Entry] = [:]
    var places: [Range<Int>] = []
    while !reader.isAtEnd {
      let central = try Self.central(&reader)
      let (entry, start) = try Self.locate(central, in: bytes, before: directory.lowerBound)
      guard entries.updateValue(entry, forKey: central.name) == nil else {
        throw PyTorchProblem("is in the zip directory twice", item: central.name)
      }
      places.append(start..<entry.range.upperBound)
    }
    guard entries.count == count else {
      throw PyTorchProblem("holds \(entries.count) zip entries where \(count) are stated")
    }
    places.sort { $0.lowerBound < $1.lowerBound }
    for (first, second) in zip(places, places.dropFirst()) where first.upperBound > second.lowerBound {
      throw PyTorchProblem("has zip entries that overlap at byte \(second.lowerBound)")
    }
    self.entries = entries
  }

  /// The directory's place and its number of entries, from the records at the end of the file.
  private static func directory(
    _ bytes: UnsafeRawBufferPointer
  ) throws(PyTorchProblem) -> (Range<Int>, UInt64) {
    let end = bytes.count - 22
    var reader = ByteReader(bytes, at: end)
    guard end >= 0, reader.next() == endSignature, reader.next() == 0 as UInt32,  // disks
      let here = reader.next(UInt16.self), let count = reader.next(UInt16.self),
      let size = reader.next(UInt32.self), let offset = reader.next(UInt32.self),
      reader.next() == 0 as UInt16  // no comment
    else { throw PyTorchProblem("does not end as a zip file does") }
    guard let wide = try wideEnd(bytes, before: end) else {
      guard here == count else { throw PyTorchProblem("is one part of a split zip file") }
      return (try place(UInt64(offset), UInt64(size), upTo: end), UInt64(count))
    }
    guard here == count, count == .max || count == wide.count, size == .max || size == wide.size,
      offset == .max || offset == wide.offset
    else { throw PyTorchProblem("has two zip end records that differ") }
    return (try place(wide.offset, wide.size, upTo: wide.start), wide.count)
  }

  private static func place(
    _ offset: UInt64, _ size: UInt64, upTo end: Int
  ) throws(PyTorchProblem) -> Range<Int> {
    let (sum, overflow) = offset.addingReportingOverflow(size)
    guard !overflow, sum == end else {
      throw PyTorchProblem("has a zip directory that does not end where its end record begins")
    }
    return Int(offset)..<end
  }

  /// The zip64 end record, found by its locator directly before the plain one; nil when there is no locator.
  private static func wideEnd(
    _ bytes: UnsafeRawBufferPointer, before end: Int
  ) throws(PyTorchProblem) -> (start: Int, count: UInt64, size: UInt64, offset: UInt64)? {
    let (locatorStart, start) = (end - 20, end - 20 - 56)
    var locator = ByteReader(bytes, at: locatorStart)
    guard locatorStart >= 0, locator.next() == locatorSignature else { return nil }
    var record = ByteReader(bytes, at: start)
    guard start >= 0, locator.next() == 0 as UInt32, locator.next() == UInt64(start),
      record.next() == wideEndSignature, record.next() == 44 as UInt64,  // of bytes that follow
      record.next(UInt32.self) != nil,  // versions
      record.next() == 0 as UInt64,  // disks
      let here = record.next(UInt64.self), let count = record.next(UInt64.self), here == count,
      let size = record.next(UInt64.self), let offset = record.next(UInt64.self)
    else { throw PyTorchProblem("has a damaged zip64 end record") }
    return (start, count, size, offset)
  }

  private struct Central {
    var name = ""
    var flags: UInt16 = 0
    var checksum: UInt32 = 0
    var stored: UInt64 = 0
    var size: UInt64 = 0
    var offset: UInt64 = 0
  }

  private static func central(_ reader: inout ByteReader) throws(PyTorchProblem) -> Central {
    var central = Central()
    guard reader.next() == centralSignature, reader.next(UInt32.self) != nil,  // versions
      let flags = reader.next(UInt16.self), let method = reader.next(UInt16.self),
      reader.next(UInt32.self) != nil,  // time
      let checksum = reader.next(UInt32.self), let stored = reader.next(UInt32.self),
      let size = reader.next(UInt32.self), let nameLength = reader.next(UInt16.self),
      let extraLength = reader.next(UInt16.self), let commentLength = reader.next(UInt16.self),
      reader.next() == 0 as UInt16,  // disk
      reader.take(6) != nil,  // attributes
      let offset = reader.next(UInt32.self), let namePlace = reader.take(Int(nameLength)),
      let extra = reader.take(Int(extraLength)), reader.take(Int(commentLength)) != nil,
      let name = String(validating: reader.bytes[namePlace], as: UTF8.self)
    else { throw PyTorchProblem("has a damaged zip directory") }
    (central.name, central.flags, central.checksum) = (name, flags, checksum)
    (central.stored, central.size, central.offset) = (UInt64(stored), UInt64(size), UInt64(offset))
    try widen(&central, ByteReader(UnsafeRawBufferPointer(rebasing: reader.bytes[extra])))
    guard method == 0, central.stored == central.size else {
      throw PyTorchProblem(
        "is compressed", item: name, hint: "PyTorch stores without compression: save with torch.save(…)")
    }
    // Allowed: UTF-8 names, sizes after the data, and the two bits of the compressor's level.
    guard flags & ~0x080E == 0 else {
      throw PyTorchProblem("is encrypted or of a kind of zip entry unknown here", item: name)
    }
    return central
  }

  /// Fields too small for their value are all ones; the extra field with id 1 has the values, in this order.
  private static func widen(_ central: inout Central, _ extra: ByteReader) throws(PyTorchProblem) {
    var extra = extra
    var wide: ByteReader?
    while !extra.isAtEnd {
      guard let id = extra.next(UInt16.self), let length = extra.next(UInt16.self),
        let place = extra.take(Int(length))
      else { throw PyTorchProblem("has a damaged zip directory", item: central.name) }
      guard id == 1 else { continue }
      wide = ByteReader(UnsafeRawBufferPointer(rebasing: extra.bytes[place]))
    }
    for field in [\Central.size, \Central.stored, \Central.offset]
    where central[keyPath: field] == UInt32.max {
      guard let value = wide?.next(UInt64.self) else {
        throw PyTorchProblem("lacks its zip64 sizes", item: central.name)
      }
      central[keyPath: field] = value
    }
  }

  /// The entry's bytes and where its own header begins. That header's sizes count only where the data is not
  /// followed by them (flag 3).
  private static func locate(
    _ central: Central, in bytes: UnsafeRawBufferPointer, before end: Int
  ) throws(PyTorchProblem) -> (Entry, start: Int) {
    guard let start = Int(exactly: central.offset), let size = Int(exactly: central.size), start < end else {
      throw PyTorchProblem("lies outside the file", item: central.name)
    }
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<end]), at: start)
    guard reader.next() == localSignature, reader.next(UInt16.self) != nil,
      reader.next() == central.flags, reader.next() == 0 as UInt16,  // stored
      reader.next(UInt32.self) != nil,  // time
      let checksum = reader.next(UInt32.self), reader.next(UInt32.self) != nil,
      let stated = reader.next(UInt32.self), let nameLength = reader.next(UInt16.self),
      let extraLength = reader.next(UInt16.self), let name = reader.take(Int(nameLength)),
      bytes[name].elementsEqual(central.name.utf8), reader.take(Int(extraLength)) != nil,
      central.flags & 8 != 0
        || (checksum == central.checksum && (stated == .max || stated == central.size))
    else { throw PyTorchProblem("has a header that differs from the zip directory", item: central.name) }
    guard let range = reader.take(size) else {
      throw PyTorchProblem("lies outside the file", item: central.name)
    }
    return (Entry(range: range, checksum: central.checksum), start)
  }
}
