import Formats
import Foundation

/// The vocabulary in a GGUF file's metadata, as it is written there.
struct GGUFVocabulary {
  /// What kind of token it is, by ggml's numbers.
  enum Kind: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  let file: String
  let metadata: GGUFMetadata
  /// By id, in UTF-8.
  private(set) var tokens: [[UInt8]] = []
  private(set) var kinds: [Kind] = []

  init(_ metadata: GGUFMetadata) throws(TokenizationError) {
    self.metadata = metadata
    file = metadata.url.path
    let key = "tokenizer.ggml.tokens"
    let tokens = try Self.reading { () throws(FileError) in
      var tokens: [[UInt8]] = []
      let isThere = try metadata.forEachString(key) { tokens.append(Array($0)) }
      return isThere ? tokens : nil
    }
    guard let tokens, !tokens.isEmpty, tokens.count <= Vocabulary.idRange.count else {
      throw TokenizationError(
        file: file, field: key, expected: "from 1 to \(Vocabulary.idRange.count) tokens",
        found: "\(tokens?.count ?? 0)", hint: "the file may hold no tokenizer")
    }
    self.tokens = tokens
    let numbers = try numbers("tokenizer.ggml.token_type")
    if let numbers {
      for (id, number) in numbers.enumerated() {
        // 0 is written for tokens that only fill up the table.
        guard let kind = number == 0 ? .unused : Int(exactly: number).flatMap(Kind.init) else {
          throw TokenizationError(
            file: file, field: "tokenizer.ggml.token_type[\(id)]", expected: "a type from 0 to 6",
            found: "\(number)")
        }
        kinds.append(kind)
      }
    } else {
      kinds = [Kind](repeating: .normal, count: tokens.count)
    }
  }

  /// The numbers of an array with one for each token; nil where there is none.
  func numbers(_ key: String) throws(TokenizationError) -> [Double]? {
    let numbers = try Self.reading { () throws(FileError) in try metadata.numbers(key) }
    if let numbers, numbers.count != tokens.count {
      throw TokenizationError(
        file: file, field: key, expected: "one for each of \(tokens.count) tokens", found: "\(numbers.count)")
    }
    return numbers
  }

  func text(_ key: String) throws(TokenizationError) -> String? {
    try Self.reading { () throws(FileError) in try metadata.string("tokenizer.ggml.\(key)") }
  }

  func flag(_ key: String, default value: Bool) throws(TokenizationError) -> Bool {
    try Self.reading { () throws(FileError) in try metadata.bool("tokenizer.ggml.\(key)") } ?? value
  }

  /// The token in a role, by `ROLE_token_id`; nil where the file names none.
  func id(_ role: String) throws(TokenizationError) -> Int? {
    let key = "tokenizer.ggml.\(role)_token_id"
    guard let id = try Self.reading({ () throws(FileError) in try metadata.int(key) }) else { return nil }
    // Writers have put -1 and the like for none.
    if id >= 0xFFFF_FFFF || id < 0 { return nil }
    guard tokens.indices.contains(id) else {
      throw TokenizationError(
        file: file, field: key, expected: "an id below \(tokens.count)", found: "\(id)")
    }
    return id
  }

  /// The lines of `tokenizer.ggml.merges`; nil where there are none.
  func eachMerge(
    _ body: (Int, UnsafeRawBufferPointer) throws(TokenizationError) -> Void
  ) throws(TokenizationError) -> Bool {
    var index = 0
    var failure: TokenizationError?
    let isThere = try Self.reading { () throws(FileError) in
      try metadata.forEachString("tokenizer.ggml.merges") { bytes in
        guard failure == nil else { return }
        do throws(TokenizationError) { try body(index, bytes) } catch { failure = error }
        index += 1
      }
    }
    if let failure { throw failure }
    return isThere
  }

  /// Control tokens, which are special, and the user's, which are not, and those in a named role. They are cut out of the text as
  /// it stands. (`add_gguf_special_tokens` in transformers' gguf_tokenizer_mapping.py)
  func addedTokens(_ vocabulary: Vocabulary) throws(TokenizationError) -> [AddedToken] {
    var added: [AddedToken] = []
    for (id, kind) in kinds.enumerated() where kind == .control || kind == .userDefined {
      guard !tokens[id].isEmpty else { continue }
      added.append(
        AddedToken(content: String(decoding: tokens[id], as: UTF8.self), id: id, isSpecial: kind == .control))
    }
    for role in ["bos", "eos", "unknown", "padding"] {
      guard let id = try id(role), kinds[id] != .control, kinds[id] != .userDefined, !tokens[id].isEmpty
      else {
        continue
      }
      added.append(AddedToken(content: String(decoding: tokens[id], as: UTF8.self), id: id))
    }
    return added
  }

  /// What stands around a text: the BOS and EOS where the file asks for them.
  func postProcessor(addsBOS: Bool) throws(TokenizationError) -> PostProcessor {
    var post = PostProcessor()
    if try flag("add_bos_token", default: addsBOS), let bos = try id("bos") { post.prefix = [bos] }
    if try flag("add_eos_token", default: false), let eos = try id("eos") { post.suffix = [eos] }
    return post
  }

  /// What is wrong with the file, as a tokenizer's error.
  static func reading<Value>(
    _ body: () throws(FileError) -> Value
  ) throws(TokenizationError) -> Value {
    do throws(FileError) {
      return try body()
    } catch {
      throw TokenizationError(
        file: error.file, field: error.item, expected: "a GGUF file's metadata", found: error.problem,
        hint: error.hint)
    }
  }
}
