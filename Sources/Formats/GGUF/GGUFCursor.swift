import Foundation

/// Steps through the beginning of a GGUF file. Nothing is taken from beyond its end, and nothing is set aside for counts that
/// the file could not hold.
struct GGUFCursor {
  let bytes: UnsafeRawBufferPointer
  private let file: URL
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer, file: URL) {
    self.bytes = bytes
    self.file = file
  }

  var remaining: Int { bytes.count - position }

  func failure(_ problem: String, _ item: String? = nil) -> FileError {
    FileError(file: file, item: item, problem, hint: "The file is damaged or no GGUF file")
  }

  /// The place of the next bytes, stepped over.
  mutating func take(_ count: Int, _ what: String) throws(FileError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw failure(
        "ends within \(what): \(count) bytes are needed at byte \(position), \(remaining) are left")
    }
    defer { position += count }
    return position..<position + count
  }

  mutating func integer<Value: FixedWidthInteger>(
    _ type: Value.Type = Value.self, _ what: String
  ) throws(FileError) -> Value {
    let place = try take(MemoryLayout<Value>.size, what)
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: place.lowerBound, as: Value.self))
  }

  /// A count of things that take at least `size` bytes each.
  mutating func count(of what: String, size: Int) throws(FileError) -> Int {
    let stated = try integer(UInt64.self, "the number of \(what)")
    guard let count = Int(exactly: stated), count <= remaining / size else {
      throw failure("states \(stated) \(what), more than \(remaining) bytes can hold")
    }
    return count
  }

  /// The place of a string's bytes.
  mutating func stringPlace(_ what: String, limit: Int = .max) throws(FileError) -> Range<Int> {
    let stated = try integer(UInt64.self, what)
    guard let length = Int(exactly: stated), length <= remaining, length <= limit else {
      throw failure("states a length of \(stated) bytes for \(what), with \(remaining) left")
    }
    return try take(length, what)
  }

  mutating func string(_ what: String, limit: Int = .max) throws(FileError) -> String {
    let place = try stringPlace(what, limit: limit)
    guard let text = String(validating: bytes[place], as: UTF8.self) else {
      throw failure("\(what) is not UTF-8 text")
    }
    return text
  }
}
