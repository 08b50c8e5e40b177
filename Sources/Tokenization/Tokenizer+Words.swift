extension Tokenizer {
  /// The id of a word that is one token: `" " + word` is encoded as exactly one token, and not as the unknown one.
  ///
  /// The space is what makes byte-level vocabularies give the token with Ġ, the one that words inside of text
  /// have; BERT drops it.
  public func singleToken(_ word: String) -> Int? {
    let ids = encode(" " + word, addingSpecialTokens: false)
    return ids.count == 1 && ids[0] != unknown ? ids[0] : nil
  }

  /// The words of the vocabulary: every word `w` without white space such that `singleToken(w)` is the token that
  /// writes it, which is `Ġw` in byte-level vocabularies and `w` in WordPiece ones. Special tokens are not words.
  /// Ascending by UTF-8 bytes.
  public func words() -> [String] {
    let special = specialIds
    var words: [String] = []
    for id in 0..<model.vocabulary.size where !special.contains(id) {
      guard let token = model.vocabulary.token(of: id), let word = word(writtenAs: token), !word.isEmpty,
        !word.unicodeScalars.contains(where: \.isWhitespace), singleToken(word) == id
      else { continue }
      words.append(word)
    }
    return words.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The text that the token stands for, without its leading space.
  private func word(writtenAs token: String) -> String? {
    guard decoder is ByteLevelDecoder else { return token }
    let bytes = ByteAlphabet.bytes(of: token)
    return bytes.first == UInt8(ascii: " ") ? String(validating: bytes.dropFirst(), as: UTF8.self) : nil
  }
}
