import Foundation

/// Keys of a configuration: all of them are known, so that a misspelt one cannot be overlooked.
typealias StrictKey = CodingKey & CaseIterable

/// Any member of an object.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// The container of these keys. Throws when the object has others.
  func strictContainer<Key: StrictKey>(_ type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let known = Set(Key.allCases.map(\.stringValue))
    let found = try container(keyedBy: AnyKey.self).allKeys
    if let unknown = found.map(\.stringValue).sorted().first(where: { !known.contains($0) }) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath,
          debugDescription: "unknown key \"\(unknown)\"; there are: \(known.sorted().joined(separator: ", "))"
        ))
    }
    return try container(keyedBy: type)
  }
}

extension KeyedDecodingContainer {
  /// The value, or the default where the key is absent.
  func decode<Value: Decodable>(_ key: Key, default standard: Value) throws -> Value {
    try decodeIfPresent(Value.self, forKey: key) ?? standard
  }
}

extension DecodingError {
  /// Where in the file, and what is wrong there.
  var place: (path: String, problem: String) {
    func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath + (last.map { [$0] } ?? [])).reduce("") { path, key in
        if let index = key.intValue { return "\(path)[\(index)]" }
        return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
      }
    }
    switch self {
    case .typeMismatch(_, let context), .dataCorrupted(let context):
      return (path(context), context.debugDescription)
    case .keyNotFound(let key, let context): return (path(context, key), "is missing")
    case .valueNotFound(_, let context): return (path(context), "is null")
    @unknown default: return ("", "\(self)")
    }
  }
}
