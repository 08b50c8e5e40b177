/// BERT's cleaning, in this order: remove control characters and make every white space a space; put spaces
/// around Chinese characters; NFD without nonspacing marks; lowercase. (normalizers/bert.rs of tokenizers)
struct BertNormalizer: Normalizer {
  let cleansText: Bool
  let spacesChineseCharacters: Bool
  let stripsAccents: Bool
  let lowercases: Bool

  /// - Parameter stripsAccents: nil means the same as `lowercases`.
  init(cleansText: Bool = true, spacesChineseCharacters: Bool, stripsAccents: Bool?, lowercases: Bool) {
    self.cleansText = cleansText
    self.spacesChineseCharacters = spacesChineseCharacters
    self.stripsAccents = stripsAccents ?? lowercases
    self.lowercases = lowercases
  }

  init(_ field: Field) throws(TokenizationError) {
    self.init(
      cleansText: try field.member("clean_text").bool(),
      spacesChineseCharacters: try field.member("handle_chinese_chars").bool(),
      stripsAccents: try field.optional("strip_accents")?.bool(),
      lowercases: try field.member("lowercase").bool())
  }

  /// What tokenizer_config.json says for a class of BERT's kind: `do_lower_case` (true without it), `strip_accents` (as
  /// that), `tokenize_chinese_chars` (true) and Funnel's `clean_text` (true).
  init(config: Field?) throws(TokenizationError) {
    self.init(
      cleansText: try config?.flag("clean_text", default: true) ?? true,
      spacesChineseCharacters: try config?.flag("tokenize_chinese_chars", default: true) ?? true,
      stripsAccents: try config?.optional("strip_accents")?.bool(),
      lowercases: try config?.flag("do_lower_case", default: true) ?? true)
  }

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for scalar in text { clean(scalar, into: &result) }
    if stripsAccents {
      result = UnicodeForm.nfd.normalize(result)
      result.removeAll { $0.value >= 0x300 && UnicodeSet.nonspacingMarks.contains($0) }
    }
    return lowercases ? Lowercase().normalize(result) : result
  }

  private func clean(_ scalar: Unicode.Scalar, into result: inout [Unicode.Scalar]) {
    if cleansText {
      if UnicodeSet.removedByCleaning.contains(scalar) { return }
      if scalar.isWhitespace {
        result.append(" ")
        return
      }
    }
    if spacesChineseCharacters, Self.isChinese(scalar) {
      result += [" ", scalar, " "]
    } else {
      result.append(scalar)
    }
  }

  /// The blocks of bert.rs, with its 0x2B920 where Google's BERT has 0x2B820.
  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
