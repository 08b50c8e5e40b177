import Foundation

/// The small files beside a vocabulary: tokenizer_config.json, special_tokens_map.json, config.json.
struct SideFiles {
  static let names = [
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json",
  ]

  let folder: URL
  let tokenizerConfig: Field?
  let specialTokens: Field?
  let config: Field?

  init(_ folder: URL) throws(TokenizationError) {
    self.folder = folder
    tokenizerConfig = try Self.read("tokenizer_config.json", in: folder)
    specialTokens = try Self.read("special_tokens_map.json", in: folder)
    config = try Self.read("config.json", in: folder)
  }

  private static func read(_ name: String, in folder: URL) throws(TokenizationError) -> Field? {
    let url = folder.appendingPathComponent(name)
    return FileManager.default.fileExists(atPath: url.path) ? try Field(contentsOf: url, as: .python) : nil
  }

  func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url(name).path) }

  /// The family that config.json, or else tokenizer_config.json, names.
  func modelKind() throws(TokenizationError) -> String? {
    if let kind = try config?.text("model_type") { return kind }
    return try tokenizerConfig?.text("tokenizer_class")
  }

  /// The content of a special token, as `mask_token`, where it is a string or an object with `content`.
  func specialToken(_ role: String) throws(TokenizationError) -> String? {
    for file in specialFiles {
      if let field = file.optional(role) { return try Self.special(field).content }
    }
    return nil
  }

  /// The files that name special tokens: special_tokens_map.json before tokenizer_config.json, unless the latter has
  /// `added_tokens_decoder`, in which case transformers does not read the former.
  private var specialFiles: [Field] {
    let isNew = tokenizerConfig?.optional("added_tokens_decoder") != nil
    return (isNew ? [tokenizerConfig] : [specialTokens, tokenizerConfig]).compactMap { $0 }
  }

  private static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// The special tokens that these files name, by role and in lists, without their ids.
  func namedTokens() throws(TokenizationError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    for role in Self.roles {
      guard let field = specialFiles.lazy.compactMap({ $0.optional(role) }).first else { continue }
      tokens.append(try Self.special(field))
    }
    for list in ["additional_special_tokens", "extra_special_tokens"] {
      guard let field = specialFiles.lazy.compactMap({ $0.optional(list) }).first else { continue }
      let fields = field.value.members == nil ? try field.elements() : try field.members().map(\.value)
      for element in fields { tokens.append(try Self.special(element)) }
    }
    return tokens
  }

  private static func special(_ field: Field) throws(TokenizationError) -> AddedToken {
    guard field.value.members != nil else { return AddedToken(content: try field.string(), id: 0) }
    var token = try AddedToken(field, id: 0)
    token.isSpecial = true
    return token
  }

  /// What added_tokens.json (`{"token": id}`) and `added_tokens_decoder` of tokenizer_config.json (`{"id": {…}}`)
  /// add to a legacy vocabulary.
  func addedTokens() throws(TokenizationError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    if let file = try Self.read("added_tokens.json", in: folder) {
      for (content, id) in try file.members() {
        tokens.append(AddedToken(content: content, id: try id.id(), isNormalized: true, isSpecial: false))
      }
    }
    for (key, field) in try tokenizerConfig?.optional("added_tokens_decoder")?.members() ?? [] {
      guard let id = Int(key), Vocabulary.idRange.contains(id) else {
        throw field.unexpected("\(Vocabulary.idRule) as key")
      }
      tokens.append(try AddedToken(field, id: id))
    }
    return tokens
  }
}
