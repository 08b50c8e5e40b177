/// Cuts at white space, and around each punctuation scalar.
struct BertPreTokenizer: PreTokenizer {
  func split(_ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces) {
    for scalar in piece {
      if scalar.isWhitespace {
        pieces.skip()
      } else if UnicodeSet.punctuation.contains(scalar) {
        pieces.close()
        pieces.add(scalar)
        pieces.close()
      } else {
        pieces.add(scalar)
      }
    }
    pieces.close()
  }
}

/// Cuts at white space.
struct WhitespaceSplit: PreTokenizer {
  func split(_ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces) {
    for scalar in piece { if scalar.isWhitespace { pieces.skip() } else { pieces.add(scalar) } }
    pieces.close()
  }
}

/// `\w+|[^\w\s]+`: cuts at white space and between word characters and others.
struct WhitespacePreTokenizer: PreTokenizer {
  func split(_ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces) {
    var wasWord: Bool?
    for scalar in piece {
      let isWord = scalar.isWhitespace ? nil : UnicodeSet.wordCharacters.contains(scalar)
      if isWord != wasWord { pieces.close() }
      if isWord != nil { pieces.add(scalar) } else { pieces.skip() }
      wasWord = isWord
    }
    pieces.close()
  }
}

/// Cuts numeric scalars off, each for itself or in runs.
struct Digits: PreTokenizer {
  let areIndividual: Bool

  func split(_ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces) {
    var wasNumeric = false
    for scalar in piece {
      let isNumeric = UnicodeSet.numerics.contains(scalar)
      if isNumeric != wasNumeric || isNumeric && areIndividual { pieces.close() }
      pieces.add(scalar)
      wasNumeric = isNumeric
    }
    pieces.close()
  }
}

/// Cuts around punctuation, by a behavior.
struct PunctuationPreTokenizer: PreTokenizer {
  let behavior: SplitBehavior

  init(_ field: Field) throws(TokenizationError) {
    behavior = try field.optional("behavior").map(SplitBehavior.init) ?? .isolated
  }

  func split(_ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces) {
    var wasPunctuation = false
    for scalar in piece {
      let isPunctuation = UnicodeSet.punctuation.contains(scalar)
      switch behavior {
      case .isolated, .removed: if isPunctuation || wasPunctuation { pieces.close() }
      case .contiguous: if isPunctuation != wasPunctuation { pieces.close() }
      case .mergedWithPrevious: if wasPunctuation { pieces.close() }
      case .mergedWithNext: if isPunctuation { pieces.close() }
      }
      if isPunctuation, behavior == .removed { pieces.skip() } else { pieces.add(scalar) }
      wasPunctuation = isPunctuation
    }
    pieces.close()
  }
}
