import Foundation

/// The metadata of a GGUF file. Arrays are read when they are asked for.
package struct GGUFMetadata: Sendable {
  package let url: URL
  private let file: MappedFile
  private let values: [String: GGUFValue]

  init(_ header: GGUFHeader, _ file: MappedFile) {
    url = file.url
    self.file = file
    values = header.metadata
  }

  package subscript(key: String) -> GGUFValue? { values[key] }

  package var keys: [String] { values.keys.sorted() }

  /// The value as `kind`, nil where there is none; thrown where it is something else.
  package func value<Value>(
    _ key: String, _ kind: String, _ read: (GGUFValue) -> Value?
  ) throws(CheckpointError) -> Value? {
    guard let found = values[key] else { return nil }
    guard let value = read(found) else { throw CheckpointError(file: url, item: key, "is not \(kind)") }
    return value
  }

  package func string(_ key: String) throws(CheckpointError) -> String? {
    try value(key, "a text", \.string)
  }

  package func int(_ key: String) throws(CheckpointError) -> Int? {
    try value(key, "a whole number", \.int)
  }

  package func bool(_ key: String) throws(CheckpointError) -> Bool? {
    try value(key, "true or false", \.bool)
  }

  /// Calls `body` with the bytes of each text of an array; false where there is no such key.
  package func forEachString(
    _ key: String, _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> Bool {
    guard let array = try value(key, "an array", \.array) else { return false }
    guard array.type == .string else { throw CheckpointError(file: url, item: key, "is no array of texts") }
    try file.withBytes { (bytes) throws(CheckpointError) in
      var cursor = GGUFCursor(UnsafeRawBufferPointer(rebasing: bytes[array.place]), file: url)
      for _ in 0..<array.count {
        let place = try cursor.stringPlace(key)
        try body(UnsafeRawBufferPointer(rebasing: cursor.bytes[place]))
      }
    }
    return true
  }

  /// The numbers of an array, nil where there is no such key.
  package func numbers(_ key: String) throws(CheckpointError) -> [Double]? {
    guard let array = try value(key, "an array", \.array) else { return nil }
    guard ![.string, .array, .bool].contains(array.type) else {
      throw CheckpointError(file: url, item: key, "is no array of numbers")
    }
    return try elements(of: array, key).compactMap(\.double)
  }

  package func flags(_ key: String) throws(CheckpointError) -> [Bool]? {
    guard let array = try value(key, "an array", \.array) else { return nil }
    guard array.type == .bool else { throw CheckpointError(file: url, item: key, "is no array of booleans") }
    return try elements(of: array, key).compactMap(\.bool)
  }

  private func elements(of array: GGUFArray, _ key: String) throws(CheckpointError) -> [GGUFValue] {
    try file.withBytes { (bytes) throws(CheckpointError) in
      var cursor = GGUFCursor(UnsafeRawBufferPointer(rebasing: bytes[array.place]), file: url)
      var values: [GGUFValue] = []
      values.reserveCapacity(array.count)
      for _ in 0..<array.count { values.append(try cursor.value(array.type, key)) }
      return values
    }
  }
}
