/// Hangul syllables, which the Unicode standard composes and decomposes by arithmetic (section 3.12).
enum Hangul {
  private static let syllables: UInt32 = 0xAC00
  private static let leads: UInt32 = 0x1100
  private static let vowels: UInt32 = 0x1161
  private static let trails: UInt32 = 0x11A7

  /// The two or three letters of a syllable; nil for any other scalar.
  static func decompose(_ scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
    guard (syllables..<syllables + 11172).contains(scalar.value) else { return nil }
    let index = scalar.value - syllables
    let trail = index % 28 == 0 ? nil : Unicode.Scalar(trails + index % 28)
    return [Unicode.Scalar(leads + index / 588), Unicode.Scalar(vowels + index % 588 / 28), trail]
      .compactMap { $0 }
  }

  /// A lead with a vowel, or a syllable without trail with a trail.
  static func compose(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    if (leads..<leads + 19).contains(first.value), (vowels..<vowels + 21).contains(second.value) {
      return Unicode.Scalar(syllables + ((first.value - leads) * 21 + second.value - vowels) * 28)
    }
    if (syllables..<syllables + 11172).contains(first.value), (first.value - syllables) % 28 == 0,
      (trails + 1..<trails + 28).contains(second.value)
    {
      return Unicode.Scalar(first.value + second.value - trails)
    }
    return nil
  }
}
