import Foundation

/// Keys of a configuration: all of them are known, so that a misspelt one cannot be overlooked.
package typealias StrictKey = CodingKey & CaseIterable

/// Any member of an object.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// The container of these keys. Throws when the object has others.
  package func strictContainer<Key: StrictKey>(_ type: Key.Type) throws -> KeyedDecodingContainer<Key> {
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
  package func decode<Value: Decodable>(_ key: Key, default standard: Value) throws -> Value {
    try decodeIfPresent(Value.self, forKey: key) ?? standard
  }
}

extension KeyedDecodingContainer {
  /// One of a few words; nil where the key is absent. Throws with all that there are.
  package func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ type: Choice.Type, forKey key: Key
  ) throws -> Choice? {
    guard let name = try decodeIfPresent(String.self, forKey: key) else { return nil }
    guard let choice = Choice(rawValue: name) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "is \"\(name)\"; there are: \(known)")
    }
    return choice
  }

  /// A finite number of the range, or the default where the key is absent.
  func number(_ key: Key, default standard: Double, in range: some RangeExpression<Double>) throws -> Double {
    guard let number = try decodeIfPresent(Double.self, forKey: key) else { return standard }
    guard number.isFinite, range.contains(number) else {
      throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "wants \(words(range))")
    }
    return number
  }

  /// A whole number from 1 to the limit; nil where the key is absent.
  func count(_ key: Key, upTo limit: Int) throws -> Int? {
    guard let count = try decodeIfPresent(Int.self, forKey: key) else { return nil }
    guard (1...limit).contains(count) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "wants a number from 1 to \(limit)")
    }
    return count
  }

  /// Throws where one of the keys is there.
  func refuse(_ keys: [Key], _ problem: String) throws {
    for key in keys where contains(key) {
      throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: problem)
    }
  }

  private func words(_ range: some RangeExpression<Double>) -> String {
    switch range {
    case let range as PartialRangeFrom<Double>: "\(Setting.number(range.lowerBound)) or more"
    case let range as ClosedRange<Double>:
      "\(Setting.number(range.lowerBound)) to \(Setting.number(range.upperBound))"
    default: "a number in \(range)"
    }
  }
}

extension CodingKey where Self: CaseIterable {
  /// The keys as they are written.
  static var names: [String] { allCases.map(\.stringValue) }
}

extension DecodingError {
  /// Where in the file, and what is wrong there.
  package var place: (path: String, problem: String) {
    func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath + (last.map { [$0] } ?? [])).reduce("") { path, key in
        if let index = key.intValue { return "\(path)[\(index)]" }
        return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
      }
    }
    switch self {
    case .typeMismatch(let type, let context): return (path(context), "wants \(Self.words(type))")
    case .dataCorrupted(let context): return (path(context), context.debugDescription)
    case .keyNotFound(let key, let context): return (path(context, key), "is missing")
    case .valueNotFound(_, let context): return (path(context), "is null")
    @unknown default: return ("", "\(self)")
    }
  }

  private static func words(_ type: Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any Numeric.Type: "a number"
    case is any Sequence.Type: "\(type)".hasPrefix("Dictionary") ? "an object" : "a list"
    default: "a value of another kind (\(type))"
    }
  }
}
