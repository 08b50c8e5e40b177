/// The patterns of tiktoken's younger encodings, by hand. Each alternative is tried in the order of the comments;
/// one of them matches at every scalar, so that matches leave no gaps.
enum WordPattern {
  /// Llama 3:
  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
  static func end(ofLlama3 start: Int, in text: ArraySlice<Unicode.Scalar>) -> Int {
    endOfContraction(start, text) ?? endOfLetters(start, text)
      ?? endOfRest(start, text, digits: 3, closing: Self.isNewline)
  }

  /// Qwen 2 and later: the same with numbers of one digit, `\p{N}`.
  static func end(ofQwen2 start: Int, in text: ArraySlice<Unicode.Scalar>) -> Int {
    endOfContraction(start, text) ?? endOfLetters(start, text)
      ?? endOfRest(start, text, digits: 1, closing: Self.isNewline)
  }

  /// Mistral's tekken: no contractions; words are cut before a capital letter that follows a small one; a slash
  /// closes a run of signs as a newline does.
  static func end(ofTekken start: Int, in text: ArraySlice<Unicode.Scalar>) -> Int {
    endOfCasedWord(start, text)
      ?? endOfRest(start, text, digits: 1) { Self.isNewline($0) || $0 == "/" }
  }

  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`; by case folding ſ (U+017F) is an s.
  private static func endOfContraction(_ start: Int, _ text: ArraySlice<Unicode.Scalar>) -> Int? {
    guard text[start] == "'", start + 1 < text.endIndex else { return nil }
    func folded(_ index: Int) -> Unicode.Scalar? {
      guard index < text.endIndex else { return nil }
      let value = text[index].value
      if value == 0x17F { return "s" }
      return (0x41...0x5A).contains(value) ? Unicode.Scalar(value | 0x20) : text[index]
    }
    switch (folded(start + 1), folded(start + 2)) {
    case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
    case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
    default: return nil
    }
  }

  /// `[^\r\n\p{L}\p{N}]?\p{L}+`
  private static func endOfLetters(_ start: Int, _ text: ArraySlice<Unicode.Scalar>) -> Int? {
    var end = start
    if isPrefix(text[start]) { end += 1 }
    let first = end
    while end < text.endIndex, ScalarKind(text[end]) == .letter { end += 1 }
    return end > first ? end : nil
  }

  /// `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`, or else
  /// `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`
  private static func endOfCasedWord(_ start: Int, _ text: ArraySlice<Unicode.Scalar>) -> Int? {
    let hasPrefix = isPrefix(text[start])
    let starts = hasPrefix ? [start + 1, start] : [start]
    var upperEnds: [Int] = []
    for first in starts {
      var upperEnd = first
      while upperEnd < text.endIndex, UnicodeSet.notLowercase.contains(text[upperEnd]) { upperEnd += 1 }
      upperEnds.append(upperEnd)
      var end = upperEnd
      while end < text.endIndex, UnicodeSet.notUppercase.contains(text[end]) { end += 1 }
      if end > upperEnd { return end }
      // The first run gives back what the second one needs, which is in both sets.
      while end > first {
        if UnicodeSet.notUppercase.contains(text[end - 1]) { return end }
        end -= 1
      }
    }
    return zip(starts, upperEnds).first { $0 < $1 }?.1
  }

  /// `\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[closing]*|\s*[\r\n]+|\s+(?!\S)|\s+`
  private static func endOfRest(
    _ start: Int, _ text: ArraySlice<Unicode.Scalar>, digits: Int, closing: (Unicode.Scalar) -> Bool
  ) -> Int {
    var end = start
    while end < text.endIndex, end < start + digits, ScalarKind(text[end]) == .number { end += 1 }
    if end > start { return end }
    if text[start] == " " { end += 1 }
    let first = end
    while end < text.endIndex, ScalarKind(text[end]) == .other { end += 1 }
    if end > first {
      while end < text.endIndex, closing(text[end]) { end += 1 }
      return end
    }
    end = start
    var afterNewline: Int?
    while end < text.endIndex, text[end].isWhitespace {
      end += 1
      if isNewline(text[end - 1]) { afterNewline = end }
    }
    if let afterNewline { return afterNewline }
    // One space is given back before text, unless it is the only one. A letter is matched before it comes to this.
    return end == text.endIndex || end <= start + 1 ? max(end, start + 1) : end - 1
  }

  private static func isPrefix(_ scalar: Unicode.Scalar) -> Bool {
    guard !isNewline(scalar) else { return false }
    let kind = ScalarKind(scalar)
    return kind != .letter && kind != .number
  }

  private static func isNewline(_ scalar: Unicode.Scalar) -> Bool { scalar == "\r" || scalar == "\n" }
}
