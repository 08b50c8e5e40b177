import Foundation

/// SentencePiece's character map, as tokenizers applies it, which is not as SentencePiece does
/// (normalizers/precompiled.rs; https://github.com/huggingface/tokenizers/issues/2116).
///
/// A grapheme cluster of less than six bytes is looked up as a whole, and what its shortest known beginning maps
/// to replaces all of it. Where there is none, and in longer clusters, scalars are looked up one by one.
struct PrecompiledNormalizer: Normalizer {
  private let map: CharacterMap

  /// - Parameter field: where the map comes from, for the error's sake.
  init(charsmap: [UInt8], file: String, field: String) throws(TokenizationError) {
    guard let map = CharacterMap(charsmap) else {
      throw TokenizationError(
        file: file, field: field, expected: "a precompiled character map",
        found: "\(charsmap.count) bytes that are none", hint: "the file may be damaged; fetch it again")
    }
    self.map = map
  }

  /// Reads `{"precompiled_charsmap": "base64"}`.
  init(_ field: Field) throws(TokenizationError) {
    let map = try field.member("precompiled_charsmap")
    guard let data = Data(base64Encoded: try map.string()) else { throw map.unexpected("base64") }
    try self.init(charsmap: [UInt8](data), file: map.file, field: map.path)
  }

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var bytes: [UInt8] = []
    var start = 0
    while start < text.count {
      let end = Graphemes.end(ofClusterAt: start, in: text)
      if end - start > 1, end - start < Self.wholeLimit {
        bytes.removeAll(keepingCapacity: true)
        for scalar in text[start..<end] { bytes.append(utf8: scalar) }
        if bytes.count < Self.wholeLimit, let replacement = map.replacement(bytes) {
          result += replacement
          start = end
          continue
        }
      }
      for scalar in text[start..<end] {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(utf8: scalar)
        if let replacement = map.replacement(bytes) { result += replacement } else { result.append(scalar) }
      }
      start = end
    }
    return result
  }

  private static let wholeLimit = 6
}

/// A darts-clone double array over bytes, whose values are where in a text of NUL-terminated strings a replacement
/// begins: `u32 size in bytes, units, text`, little-endian.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let text: [UInt8]

  /// Nil where the bytes are not of this form. A unit that points out of the array, or a value out of the text,
  /// shows only when text leads there, and then nothing is found.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    func word(_ index: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[index * 4 + $1]) << UInt32($1 * 8) }
    }
    let count = Int(word(0)) / 4
    guard count > 0, count <= bytes.count / 4 - 1 else { return nil }
    units = (1...count).map(word)
    text = Array(bytes[(4 + count * 4)...])
    guard String(validating: text, as: UTF8.self) != nil, hasSoundLeaves else { return nil }
  }

  /// Whether every unit that says that it has a value has one, and this at the beginning of a scalar.
  private var hasSoundLeaves: Bool {
    units.indices.allSatisfy { index in
      let unit = units[index]
      guard unit >> 31 == 0, Self.hasLeaf(unit) else { return true }
      let leaf = index ^ Self.offset(unit)
      guard units.indices.contains(leaf) else { return false }
      let value = Int(units[leaf] & 0x7FFF_FFFF)
      return value == text.count || value < text.count && text[value] & 0xC0 != 0x80
    }
  }

  /// What the shortest beginning of the key that is in the map maps to.
  func replacement(_ key: [UInt8]) -> String.UnicodeScalarView? {
    var position = Self.offset(units[0])
    for byte in key where byte != 0 {
      position ^= Int(byte)
      guard position < units.count else { return nil }
      let unit = units[position]
      guard unit & 0x8000_00FF == UInt32(byte) else { return nil }
      position ^= Self.offset(unit)
      guard Self.hasLeaf(unit) else { continue }
      guard position < units.count else { return nil }
      return string(at: Int(units[position] & 0x7FFF_FFFF))
    }
    return nil
  }

  private func string(at start: Int) -> String.UnicodeScalarView? {
    guard start <= text.count else { return nil }
    let end = text[start...].firstIndex(of: 0) ?? text.count
    return String(decoding: text[start..<end], as: UTF8.self).unicodeScalars
  }

  private static func hasLeaf(_ unit: UInt32) -> Bool { unit >> 8 & 1 == 1 }

  private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << (unit >> 9 & 1 == 1 ? 8 : 0) }
}
