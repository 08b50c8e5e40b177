/// What happens to the places that a pre-tokenizer cuts at: `SplitDelimiterBehavior` of tokenizers, which Split
/// writes in CamelCase as Punctuation does.
enum SplitBehavior: String {
  case isolated = "Isolated"
  case removed = "Removed"
  case contiguous = "Contiguous"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"

  init(_ field: Field) throws(TokenizationError) {
    guard let behavior = SplitBehavior(rawValue: try field.string()) else {
      throw field.unexpected("Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext")
    }
    self = behavior
  }
}

/// Cuts where a pattern matches, or where it does not. (pre_tokenizers/split.rs, tokenizer/normalizer.rs)
struct Split: PreTokenizer {
  let pattern: TextPattern
  let behavior: SplitBehavior
  /// Whether it is what lies between the matches that counts as a match.
  let inverts: Bool

  init(pattern: TextPattern, behavior: SplitBehavior, inverts: Bool = false) {
    self.pattern = pattern
    self.behavior = behavior
    self.inverts = inverts
  }

  init(_ field: Field) throws(TokenizationError) {
    self.init(
      pattern: try TextPattern(try field.member("pattern")),
      behavior: try SplitBehavior(try field.member("behavior")), inverts: try field.member("invert").bool())
  }

  func split(
    _ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces
  ) throws(TokenizationError) {
    if case .scanner(let end) = pattern, behavior == .isolated {
      var start = piece.startIndex
      while start < piece.endIndex {
        let end = end(start, piece)
        pieces.append(piece[start..<end])
        start = end
      }
      return
    }
    var wasMatch = false
    for (range, matches) in try pattern.parts(of: piece) {
      let isMatch = matches != inverts
      switch behavior {
      case .isolated, .removed: pieces.close()
      case .contiguous: if isMatch != wasMatch { pieces.close() }
      case .mergedWithPrevious: if !isMatch || wasMatch { pieces.close() }
      case .mergedWithNext: if isMatch || !wasMatch { pieces.close() }
      }
      if isMatch, behavior == .removed {
        pieces.skip()
      } else {
        for scalar in piece[range] { pieces.add(scalar) }
      }
      wasMatch = isMatch
    }
    pieces.close()
  }
}
