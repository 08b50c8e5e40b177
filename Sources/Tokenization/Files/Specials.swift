/// The special tokens of legacy files, which a tokenizer.json has among its added tokens.
struct Specials {
  private(set) var tokens: [AddedToken]
  private let contents: [String: String]
  private let file: String

  /// - Parameters:
  ///   - standard: roles and the tokens that play them where the side files name no other.
  ///   - stripping: the role whose token takes the white space on its left with it.
  init(
    side: SideFiles, vocabulary: Vocabulary, file: String, standard: [(role: String, token: String)],
    stripping: String? = nil
  ) throws(TokenizationError) {
    self.file = file
    var contents: [String: String] = [:]
    var tokens: [AddedToken] = []
    for (role, token) in standard {
      let content = try side.specialToken(role) ?? token
      contents[role] = content
      guard let id = vocabulary.id(of: content) else { continue }
      tokens.append(AddedToken(content: content, id: id, stripsLeft: role == stripping))
    }
    for token in try side.addedTokens() {
      let id = vocabulary.id(of: token.content) ?? token.id
      if let other = vocabulary.token(of: id), !other.utf8.elementsEqual(token.content.utf8) {
        throw TokenizationError(
          file: file, field: token.content, expected: "an id of its own",
          found: "\(id), which is \(other.debugDescription)'s")
      }
      var token = token
      token.id = id
      tokens.append(token)
    }
    self.contents = contents
    self.tokens = tokens
  }

  func content(_ role: String) -> String { contents[role] ?? "" }

  /// The id of the token in that role, which there must be.
  func id(_ role: String) throws(TokenizationError) -> Int {
    guard let token = tokens.first(where: { $0.content.utf8.elementsEqual(content(role).utf8) }) else {
      throw TokenizationError(
        file: file, expected: "\(content(role).debugDescription), the \(role), in the vocabulary",
        found: "none",
        hint: "the file may be truncated, or of another model")
    }
    return token.id
  }
}
