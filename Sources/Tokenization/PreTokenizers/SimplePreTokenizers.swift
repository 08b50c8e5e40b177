/// Cuts at white space, and around each punctuation scalar.
struct BertPreTokenizer: PreTokenizer {
  func split(_ piece: ArraySlice<Unicode.Scalar>, into pieces: inout Pieces) {
    for scalar in piece {
      if scalar.isWhitespace {
        pieces.close()
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
  func split(_ piece: ArraySlice<Unicode.Scalar>, into pieces: inout Pieces) {
    for part in piece.split(whereSeparator: \.isWhitespace) { pieces.append(part) }
  }
}

/// `\w+|[^\w\s]+`: cuts at white space and between word characters and others.
struct WhitespacePreTokenizer: PreTokenizer {
  func split(_ piece: ArraySlice<Unicode.Scalar>, into pieces: inout Pieces) {
    var wasWord: Bool?
    for scalar in piece {
      let isWord = scalar.isWhitespace ? nil : UnicodeSet.wordCharacters.contains(scalar)
      if isWord != wasWord { pieces.close() }
      if isWord != nil { pieces.add(scalar) }
      wasWord = isWord
    }
    pieces.close()
  }
}

/// Cuts numeric scalars off, each for itself or in runs.
struct Digits: PreTokenizer {
  let areIndividual: Bool

  func split(_ piece: ArraySlice<Unicode.Scalar>, into pieces: inout Pieces) {
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

/// Cuts around punctuation, by one of the `SplitDelimiterBehavior`s of tokenizers.
struct PunctuationPreTokenizer: PreTokenizer {
  enum Behavior: String {
    case isolated = "Isolated"
    case removed = "Removed"
    case contiguous = "Contiguous"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
  }
  let behavior: Behavior

  init(_ field: Field) throws(TokenizationError) {
    guard let behavior = Behavior(rawValue: try field.text("behavior") ?? "Isolated") else {
      throw field.unexpected("a behavior of Punctuation")
    }
    self.behavior = behavior
  }

  func split(_ piece: ArraySlice<Unicode.Scalar>, into pieces: inout Pieces) {
    var wasPunctuation = false
    for scalar in piece {
      let isPunctuation = UnicodeSet.punctuation.contains(scalar)
      switch behavior {
      case .isolated, .removed: if isPunctuation || wasPunctuation { pieces.close() }
      case .contiguous: if isPunctuation != wasPunctuation { pieces.close() }
      case .mergedWithPrevious: if wasPunctuation { pieces.close() }
      case .mergedWithNext: if isPunctuation { pieces.close() }
      }
      if !(isPunctuation && behavior == .removed) { pieces.add(scalar) }
      wasPunctuation = isPunctuation
    }
    pieces.close()
  }
}
