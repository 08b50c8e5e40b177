/// The four Unicode normalization forms (UAX #15), in the Unicode version of unicode-normalization-alignments.
struct UnicodeForm: Normalizer {
  static let nfd = UnicodeForm(isCompatible: false, composes: false)
  static let nfkd = UnicodeForm(isCompatible: true, composes: false)
  static let nfc = UnicodeForm(isCompatible: false, composes: true)
  static let nfkc = UnicodeForm(isCompatible: true, composes: true)

  let isCompatible: Bool
  let composes: Bool

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    // Below U+00A0 nothing decomposes, composes or has a combining class.
    guard text.contains(where: { $0.value >= 0xA0 }) else { return text }
    let result = reorder(decompose(text))
    return composes ? Self.compose(result) : result
  }

  private func decompose(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for scalar in text {
      if scalar.value < 0xA0 {
        result.append(scalar)
      } else if let syllable = Hangul.decompose(scalar) {
        result += syllable
      } else if isCompatible, let values = UnicodeMap.compatibility[scalar] {
        result += values
      } else if let values = UnicodeMap.canonical[scalar] {
        result += values
      } else {
        result.append(scalar)
      }
    }
    return result
  }

  /// The canonical ordering: stable, by class, within each run of scalars with a class other than zero.
  private func reorder(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result = text
    var start = 0
    while start < result.count {
      guard Self.combiningClass(result[start]) != 0 else {
        start += 1
        continue
      }
      var end = start + 1
      while end < result.count, Self.combiningClass(result[end]) != 0 { end += 1 }
      if end - start > 1 {
        let run = result[start..<end].enumerated().map { (Self.combiningClass($1), $0, $1) }
        result.replaceSubrange(start..<end, with: run.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2))
      }
      start = end
    }
    return result
  }

  private static func compose(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var starter: Int?
    var lastClass: UInt32 = 0
    for scalar in text {
      let itsClass = combiningClass(scalar)
      if let starter, result.count == starter + 1 || lastClass != 0 && lastClass < itsClass,
        let composite = composite(result[starter], scalar)
      {
        result[starter] = composite
        continue
      }
      if itsClass == 0 { starter = result.count }
      lastClass = itsClass
      result.append(scalar)
    }
    return result
  }

  private static func combiningClass(_ scalar: Unicode.Scalar) -> UInt32 {
    guard scalar.value >= UnicodeMap.combiningClasses.lowerBound else { return 0 }
    return UnicodeMap.combiningClasses[scalar]?.first?.value ?? 0
  }

  private static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    Hangul.compose(first, second) ?? composites[UInt64(first.value) << 32 | UInt64(second.value)]
  }

  private static let composites: [UInt64: Unicode.Scalar] = {
    var result: [UInt64: Unicode.Scalar] = [:]
    for (key, pair) in UnicodeMap.compositions.entries {
      if let first = pair.first, let second = pair.last {
        result[UInt64(first.value) << 32 | UInt64(second.value)] = key
      }
    }
    return result
  }()
}
