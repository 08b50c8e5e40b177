extension Tokenizer {
  /// The id of a word that is one token where it follows a space: the token, not the unknown one, that is all of
  ///
  /// 1. `" " + word`, encoded. The space is what makes byte-level vocabularies give `Ġword` and SentencePiece ones
  ///    `▁word`, which words inside of text have; BERT drops it.
  /// 2. Or else `word`, encoded, if this is a token that begins with `▁`. So it is where a space is put before any
  ///    text, as by Llama's old normalizer (Prepend and Replace), which makes `▁▁word` of the first form.
  ///
  /// A token that the vocabulary has but that encoding text never gives, as byte-level BPE's of words that are cut
  /// before they are merged, is no one's.
  public func singleToken(_ word: String) throws(TokenizationError) -> Int? {
    guard !word.isEmpty else { return nil }
    if let id = try onlyToken(of: " " + word) { return id }
    guard case .marked(let mark) = spelling, let id = try onlyToken(of: word),
      token(of: id)?.unicodeScalars.first == mark
    else { return nil }
    return id
  }

  private func onlyToken(of text: String) throws(TokenizationError) -> Int? {
    let ids = try innerIds(text)
    return ids.count == 1 && ids[0] != unknown && hasRow(ids[0]) ? ids[0] : nil
  }

  /// The ids of a text that follows a space, as inside a sentence, and for each the piece that it is of: of a word, or of what the
  /// pre-tokenizer makes of it. `singleToken` gives the one id of texts that have one.
  public func continuation(_ text: String) throws(TokenizationError) -> [(id: Int, piece: Int)] {
    // A space is put before any text by some, as by Llama's old normalizer; another would become a token.
    if case .marked(let mark) = spelling {
      let own = try pieces(text)
      if let first = own.first, token(of: first.id)?.unicodeScalars.first == mark { return own }
    }
    return try pieces(" " + text)
  }

  /// The ids of the text, and of which piece each is.
  private func pieces(_ text: String) throws(TokenizationError) -> [(id: Int, piece: Int)] {
    let standIn = unknown.flatMap { hasRow($0) ? $0 : nil }
    var found: [(id: Int, piece: Int)] = []
    var count = 0
    func add(_ ids: [Int]) {
      found += ids.compactMap { hasRow($0) ? $0 : standIn }.map { ($0, count) }
      count += 1
    }
    try forEachSection(text) { section in
      switch section {
      case .token(let id): add([id])
      case .text(let pieces):
        for piece in pieces {
          var (one, ids) = (Pieces(), [Int]())
          one.append(piece)
          model.encode(one, into: &ids)
          add(ids)
        }
      }
    }
    return found
  }

  /// The words of the vocabulary: every word `w` without white space such that `singleToken(w)` is the token that
  /// writes it, which is `Ġw` in byte-level vocabularies, `▁w` in SentencePiece ones and `w` in WordPiece ones.
  /// Special tokens are not words. Ascending by UTF-8 bytes.
  public func words() throws(TokenizationError) -> [String] {
    let special = specialIds
    let spelling = spelling
    var words: [String] = []
    for id in 0..<model.vocabulary.size where !special.contains(id) {
      guard let token = model.vocabulary.token(of: id), let word = spelling.word(of: token), !word.isEmpty,
        !word.unicodeScalars.contains(where: \.isWhitespace), try singleToken(word) == id
      else { continue }
      words.append(word)
    }
    return words.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// How the vocabulary writes a word that follows a space.
  private enum Spelling {
    case plain
    case byteLevel
    case marked(Unicode.Scalar)

    /// The word that the token writes, if it is one that follows a space.
    func word(of token: String) -> String? {
      switch self {
      case .plain: return token
      case .byteLevel:
        let bytes = ByteAlphabet.bytes(of: token)
        return bytes.first == UInt8(ascii: " ") ? String(validating: bytes.dropFirst(), as: UTF8.self) : nil
      case .marked(let mark):
        let scalars = token.unicodeScalars
        guard scalars.first == mark, !scalars.dropFirst().contains(mark) else { return nil }
        return String(scalars.dropFirst())
      }
    }
  }

  /// The spelling that the decoder undoes.
  private var spelling: Spelling {
    for member in (decoder as? DecoderSequence)?.members ?? [decoder].compactMap({ $0 }) {
      switch member {
      case is ByteLevelDecoder: return .byteLevel
      case let metaspace as Metaspace: return .marked(metaspace.replacement)
      case let replace as Replace:
        if case .text(let mark) = replace.pattern, mark.count == 1, replace.content == [" "] {
          return .marked(mark[0])
        }
      default: break
      }
    }
    return .plain
  }
}
