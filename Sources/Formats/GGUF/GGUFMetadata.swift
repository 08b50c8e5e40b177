import Foundation

/// The metadata of a GGUF file. Arrays are read when they are asked for.
package struct GGUFMetadata: Sendable {
  package let url: URL
  private let file: MappedFile
  private let values: [String: GGUFValue]

  /// Whether a path is meant as a GGUF file.
  package static func isNamed(_ url: URL) -> Bool { url.pathExtension.lowercased() == "gguf" }

  /// The metadata alone of a file.
  package init(contentsOf url: URL) throws(FileError) {
    let file = try MappedFile(url)
    self.init(try file.withBytes { (bytes) throws(FileError) in try GGUFHeader(bytes, file: url) }, file)
  }

  package init(_ header: GGUFHeader, _ file: MappedFile) {
    url = file.url
    self.file = file
    values = header.metadata
  }

  package subscript(key: String) -> GGUFValue? { values[key] }

  package var keys: [String] { values.keys.sorted() }

  /// The value as `kind`, nil where there is none; thrown where it is something else.
  package func value<Value>(
    _ key: String, _ kind: String, _ read: (GGUFValue) -> Value?
  ) throws(FileError) -> Value? {
    guard let found = values[key] else { return nil }
    guard let value = read(found) else { throw FileError(file: url, item: key, "is not \(kind)") }
    return value
  }

  package func string(_ key: String) throws(FileError) -> String? {
    try value(key, "a text", \.string)
  }

  package func int(_ key: String) throws(FileError) -> Int? {
    try value(key, "a whole number", \.int)
  }

  package func bool(_ key: String) throws(FileError) -> Bool? {
    try value(key, "true or false", \.bool)
  }

  /// Calls `body` with the bytes of each text of an array; false where there is no such key.
  package func forEachString(
    _ key: String, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError) -> Bool {
    guard let array = try value(key, "an array", \.array) else { return false }
    guard array.type == .string else { throw FileError(file: url, item: key, "is no array of texts") }
    try file.withBytes { (bytes) throws(FileError) in
      var cursor = GGUFCursor(UnsafeRawBufferPointer(rebasing: bytes[array.place]), file: url)
      for _ in 0..<array.count {
        let place = try cursor.stringPlace(key)
        try body(UnsafeRawBufferPointer(rebasing: cursor.bytes[place]))
      }
    }
    return true
  }

  /// The numbers of an array, nil where there is no such key.
  package func numbers(_ key: String) throws(FileError) -> [Double]? {
    guard let array = try value(key, "an array", \.array) else { return nil }
    guard ![.string, .array, .bool].contains(array.type) else {
      throw FileError(file: url, item: key, "is no array of numbers")
    }
    return try elements(of: array, key).compactMap(\.double)
  }

  package func flags(_ key: String) throws(FileError) -> [Bool]? {
    guard let array = try value(key, "an array", \.array) else { return nil }
    guard array.type == .bool else { throw FileError(file: url, item: key, "is no array of booleans") }
    return try elements(of: array, key).compactMap(\.bool)
  }

  private func elements(of array: GGUFArray, _ key: String) throws(FileError) -> [GGUFValue] {
    try file.withBytes { (bytes) throws(FileError) in
      var cursor = GGUFCursor(UnsafeRawBufferPointer(rebasing: bytes[array.place]), file: url)
      var values: [GGUFValue] = []
      values.reserveCapacity(array.count)
      for _ in 0..<array.count { values.append(try cursor.value(array.type, key)) }
      return values
    }
  }
}
