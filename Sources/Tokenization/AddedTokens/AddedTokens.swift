/// The added tokens of a tokenizer, and how they cut a text. (tokenizer/added_vocabulary.rs of tokenizers)
struct AddedTokens: Sendable {
  private(set) var tokens: [AddedToken] = []
  private var indexOfContent: [[UInt8]: Int] = [:]
  private var indexOfId: [Int: Int] = [:]
  private var raw = Matcher()
  private var normalized = Matcher()
  /// What decoding takes for a token where the normalizer changes it.
  private var normalizedContents: [Int: String] = [:]

  /// A part of a text: an added token, or what lies between two of them.
  enum Section {
    case text([Unicode.Scalar])
    case token(Int)
  }

  /// Patterns with the first scalars of all of them.
  private struct Matcher: Sendable {
    var trie = TokenTrie()
    var firsts: Set<Unicode.Scalar> = []
  }

  init(_ tokens: [AddedToken], normalizer: (any Normalizer)?) throws(TokenizationError) {
    for token in tokens where !token.content.isEmpty {
      // A later entry of the same content replaces the earlier one (add_tokens).
      if let index = indexOfContent[Array(token.content.utf8)] {
        self.tokens[index] = token
      } else {
        indexOfContent[Array(token.content.utf8)] = self.tokens.count
        self.tokens.append(token)
      }
    }
    for (index, token) in self.tokens.enumerated() {
      indexOfId[token.id] = index
      var pattern = Array(token.content.unicodeScalars)
      if token.isNormalized, let normalizer { pattern = try normalizer.normalize(pattern) }
      if token.isNormalized {
        normalizedContents[token.id] = String(String.UnicodeScalarView(pattern))
        Self.insert(pattern, index, into: &normalized)
      } else {
        Self.insert(pattern, index, into: &raw)
      }
    }
  }

  private static func insert(_ pattern: [Unicode.Scalar], _ index: Int, into matcher: inout Matcher) {
    matcher.trie.insert(pattern, value: index)
    if let first = pattern.first { matcher.firsts.insert(first) }
  }

  func id(of content: String) -> Int? { indexOfContent[Array(content.utf8)].map { tokens[$0].id } }

  func token(of id: Int) -> AddedToken? { indexOfId[id].map { tokens[$0] } }

  /// What the decoder sees of a token.
  func decodedContent(of id: Int) -> String? { normalizedContents[id] ?? token(of: id)?.content }

  /// The sections of a text, none of them empty, the texts among them normalized.
  func sections(of text: [Unicode.Scalar], normalizer: (any Normalizer)?) throws(TokenizationError)
    -> [Section]
  {
    var sections: [Section] = []
    for section in cut(text, by: raw) {
      guard case .text(let text) = section else {
        sections.append(section)
        continue
      }
      sections += cut(try normalizer?.normalize(text) ?? text, by: normalized)
    }
    return sections
  }

  private func cut(_ text: [Unicode.Scalar], by matcher: Matcher) -> [Section] {
    var sections: [Section] = []
    var done = 0  // up to here all is in sections
    var position = 0
    if matcher.trie.isEmpty { position = text.count }
    while position < text.count {
      guard matcher.firsts.contains(text[position]),
        let match = matcher.trie.longestMatch(at: position, in: text[...])
      else {
        position += 1
        continue
      }
      let token = tokens[match.value]
      var start = position
      var end = match.end
      position = match.end  // a match that does not count is stepped over all the same (find_matches)
      if token.isSingleWord, isWord(text, start - 1) || isWord(text, end) { continue }
      while token.stripsLeft, start > done, text[start - 1].isWhitespace { start -= 1 }
      while token.stripsRight, end < text.count, text[end].isWhitespace { end += 1 }
      if done < start { sections.append(.text(Array(text[done..<start]))) }
      sections.append(.token(token.id))
      done = end
    }
    if done == 0, !text.isEmpty { return [.text(text)] }
    if done < text.count { sections.append(.text(Array(text[done...]))) }
    return sections
  }

  private func isWord(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
    text.indices.contains(index) && UnicodeSet.wordCharacters.contains(text[index])
  }
}
