/// GPT-2's pattern, by hand:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
enum GPT2Pattern {
  /// The end of the match that starts at `start`, which must be an index of the text. Matches leave no gaps: one
  /// of the alternatives matches at every scalar.
  static func end(ofPieceAt start: Int, in text: ArraySlice<Unicode.Scalar>) -> Int {
    if text[start] == "'", let end = endOfContraction(start, text) { return end }
    let kind = ScalarKind(text[start])
    if kind != .space { return endOfRun(of: kind, from: start + 1, text) }
    let next = start + 1
    if text[start] == " ", next < text.endIndex {
      let nextKind = ScalarKind(text[next])
      if nextKind != .space { return endOfRun(of: nextKind, from: next + 1, text) }
    }
    let end = endOfRun(of: .space, from: next, text)
    // `\s+(?!\S)` gives one space back before text, unless it is the only one.
    return end == text.endIndex || end == next ? end : end - 1
  }

  private static func endOfContraction(_ start: Int, _ text: ArraySlice<Unicode.Scalar>) -> Int? {
    guard start + 1 < text.endIndex else { return nil }
    let second: Unicode.Scalar? = start + 2 < text.endIndex ? text[start + 2] : nil
    switch (text[start + 1], second) {
    case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
    case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
    default: return nil
    }
  }

  private static func endOfRun(of kind: ScalarKind, from start: Int, _ text: ArraySlice<Unicode.Scalar>)
    -> Int
  {
    var end = start
    while end < text.endIndex, ScalarKind(text[end]) == kind { end += 1 }
    return end
  }
}
