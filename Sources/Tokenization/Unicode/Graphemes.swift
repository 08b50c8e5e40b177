/// Extended grapheme clusters (UAX #29), whose rules the comments name.
enum Graphemes {
  /// The end of the cluster that begins at `start`, an index of the text.
  static func end(ofClusterAt start: Int, in text: [Unicode.Scalar]) -> Int {
    var before = GraphemeCategory(text[start])
    var conjunct = Conjunct(before)
    var emoji = Emoji(before)
    var index = start + 1
    while index < text.count {
      let after = GraphemeCategory(text[index])
      let isCRLF = text[index - 1] == "\r" && text[index] == "\n"
      guard isCRLF || joins(before, after, conjunct, emoji) else { break }
      conjunct.advance(after)
      emoji.advance(after)
      before = after
      index += 1
    }
    return index
  }

  private static func joins(
    _ before: GraphemeCategory, _ after: GraphemeCategory, _ conjunct: Conjunct, _ emoji: Emoji
  ) -> Bool {
    switch (before, after) {
    case (.control, _), (_, .control): false  // GB4, GB5
    case (.lead, .lead), (.lead, .vowel), (.lead, .leadVowel), (.lead, .leadVowelTrail): true  // GB6
    case (.leadVowel, .vowel), (.leadVowel, .trail), (.vowel, .vowel), (.vowel, .trail): true  // GB7
    case (.leadVowelTrail, .trail), (.trail, .trail): true  // GB8
    case (_, .extend), (_, .linker), (_, .nonJoiner), (_, .joiner): true  // GB9
    case (_, .spacingMark), (.prepend, _): true  // GB9a, GB9b
    case (_, .consonant): conjunct == .linked  // GB9c
    case (_, .pictograph): emoji == .joined  // GB11
    default: false
    }
  }

  /// A consonant, and extending scalars after it, a linker among them or not (GB9c).
  private enum Conjunct {
    case none, begun, linked

    init(_ category: GraphemeCategory) { self = category == .consonant ? .begun : .none }

    mutating func advance(_ category: GraphemeCategory) {
      switch category {
      case .linker where self != .none: self = .linked
      case .linker, .extend, .joiner: break
      default: self = Conjunct(category)
      }
    }
  }

  /// A pictograph, extending scalars after it, and a joiner after those (GB11).
  private enum Emoji {
    case none, begun, joined

    init(_ category: GraphemeCategory) { self = category == .pictograph ? .begun : .none }

    mutating func advance(_ category: GraphemeCategory) {
      switch category {
      case .extend, .linker, .nonJoiner: if self == .joined { self = .none }
      case .joiner: self = self == .begun ? .joined : .none
      default: self = Emoji(category)
      }
    }
  }
}
