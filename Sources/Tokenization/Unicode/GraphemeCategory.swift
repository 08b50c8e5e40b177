/// What decides where extended grapheme clusters end (UAX #29, as unicode-segmentation of Rust has it).
///
/// Only `PrecompiledNormalizer` asks, and only for clusters of less than six bytes. So regional indicators, four
/// bytes each, need no category: a pair of them is as good as two clusters.
enum GraphemeCategory: UInt8 {
  case other, control, prepend, spacingMark
  /// Extending scalars: those that stand in conjuncts, those that link them, and U+200C, which does neither.
  case extend, linker, nonJoiner, joiner
  case consonant, pictograph
  case lead, vowel, trail, leadVowel, leadVowelTrail

  init(_ scalar: Unicode.Scalar) {
    let value = scalar.value
    if value < 0x7F {
      self = value < 0x20 ? .control : .other
    } else if (0xAC00..<0xAC00 + 11172).contains(value) {
      self = (value - 0xAC00) % 28 == 0 ? .leadVowel : .leadVowelTrail
    } else if value < UInt32(Self.table.count) {
      self = Self.table[Int(value)]
    } else {
      // Plane 14 has tags and variation selectors; what is not assigned there is a control all the same.
      switch value {
      case 0xE0020...0xE007F, 0xE0100...0xE01EF: self = .extend
      case 0xE0000...0xE0FFF: self = .control
      default: self = .other
      }
    }
  }

  /// The categories of the first two planes.
  private static let table: [GraphemeCategory] = {
    var table = [GraphemeCategory](repeating: .other, count: 0x20000)
    var numbers = PackedNumbers(packedRuns)
    var position = 0
    while let gap = numbers.next(), let count = numbers.next(), let value = numbers.next() {
      position += gap
      let category = GraphemeCategory(rawValue: UInt8(truncatingIfNeeded: value)) ?? .other
      for index in position..<min(position + count, table.count) { table[index] = category }
      position += count
    }
    return table
  }()
}
