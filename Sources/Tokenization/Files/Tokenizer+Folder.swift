import Formats
import Foundation

extension Tokenizer {
  /// Reads the tokenizer of a GGUF file, or of a folder in Hugging Face layout: `tokenizer.json`, or `vocab.txt` (BERT), or
  /// `vocab.json` and `merges.txt` (GPT-2, RoBERTa, BART), or a SentencePiece model (`spiece.model`,
  /// `sentencepiece.bpe.model`, `tokenizer.model`), whichever is there first in this order.
  ///
  /// The blocks `truncation` and `padding` of a tokenizer.json are not applied. Ids of added tokens are those of
  /// the file, unless the model's vocabulary has the token.
  public init(folder: URL) throws(TokenizationError) {
    guard !GGUFMetadata.isNamed(folder) else {
      try self.init(GGUFVocabulary.reading { () throws(FileError) in try GGUFMetadata(contentsOf: folder) })
      return
    }
    let side = try SideFiles(folder)
    if side.has("tokenizer.json") {
      try self.init(json: try Field(contentsOf: side.url("tokenizer.json")), side: side)
    } else if side.has("vocab.txt") {
      try self.init(bert: side)
    } else if side.has("vocab.json") || side.has("merges.txt") {
      try self.init(byteLevel: side)
    } else if let name = Self.sentencePieceFiles.first(where: side.has) {
      try self.init(sentencePiece: name, side: side)
    } else {
      throw TokenizationError(
        file: folder.path,
        expected: "tokenizer.json, or vocab.txt, or vocab.json with merges.txt, or a SentencePiece model",
        found: "none of them")
    }
  }

  /// Which of a folder's or repository's files `init(folder:)` reads; empty where it holds no tokenizer.
  package static func files(among names: Set<String>) -> [String] {
    let ways =
      [["tokenizer.json"], ["vocab.txt"], ["vocab.json", "merges.txt"]] + sentencePieceFiles.map { [$0] }
    guard let main = ways.first(where: { !names.isDisjoint(with: $0) }) else { return [] }
    return (main + SideFiles.names).filter(names.contains)
  }

  private init(json: Field, side: SideFiles) throws(TokenizationError) {
    guard json.value.members != nil else { throw json.unexpected("an object") }
    if let version = json.optional("version"), version.value.string != "1.0" {
      throw version.unexpected("\"1.0\"")
    }
    let model = try json.member("model").model()
    var tokens: [AddedToken] = []
    for element in try json.optional("added_tokens")?.elements() ?? [] {
      var token = try AddedToken(element)
      token.id = model.vocabulary.id(of: token.content) ?? token.id
      if let other = model.vocabulary.token(of: token.id), !other.utf8.elementsEqual(token.content.utf8) {
        throw try element.member("id").unexpected("an id that is not \(other.debugDescription)'s")
      }
      tokens.append(token)
    }
    try self.init(
      parts: Parts(
        file: json.file, model: model, addedTokens: tokens,
        normalizer: try json.optional("normalizer")?.normalizer(),
        preTokenizer: try json.optional("pre_tokenizer")?.preTokenizer(),
        postProcessor: try json.optional("post_processor").map(PostProcessor.init) ?? PostProcessor(),
        decoder: try json.optional("decoder")?.decoder()),
      side: side)
  }

  /// What a tokenizer is made of, whatever files it came from.
  struct Parts {
    let file: String
    let model: any Model
    let addedTokens: [AddedToken]
    let normalizer: (any Normalizer)?
    let preTokenizer: (any PreTokenizer)?
    let postProcessor: PostProcessor
    let decoder: (any Decoder)?
  }

  init(parts: Parts, side: SideFiles) throws(TokenizationError) {
    var contents: [Int: String] = [:]
    for token in parts.addedTokens {
      if let other = contents.updateValue(token.content, forKey: token.id),
        !other.utf8.elementsEqual(token.content.utf8)
      {
        throw TokenizationError(
          file: parts.file, field: "added_tokens",
          expected: "an id of its own for \(token.content.debugDescription)",
          found: "\(token.id), which is \(other.debugDescription)'s")
      }
    }
    model = parts.model
    normalizer = parts.normalizer
    preTokenizer = parts.preTokenizer
    decoder = parts.decoder
    addedTokens = AddedTokens(parts.addedTokens, normalizer: parts.normalizer)
    let added = addedTokens
    let vocabulary = parts.model.vocabulary
    /// The token in that role, where tokenizer_config.json wants it and the post-processor has nothing: files of Llama
    /// may leave it to transformers.
    func wanted(_ role: String) throws(TokenizationError) -> [Int] {
      guard parts.postProcessor == PostProcessor(),
        try side.tokenizerConfig?.flag("add_\(role)", default: false) == true,
        let token = try side.specialToken(role)
      else { return [] }
      return [added.id(of: token) ?? vocabulary.id(of: token)].compactMap { $0 }
    }
    prefix = try parts.postProcessor.prefix + wanted("bos_token")
    suffix = try parts.postProcessor.suffix + wanted("eos_token")
    let masks = try side.specialToken("mask_token").map { [$0] } ?? ["[MASK]", "<mask>"]
    mask = masks.lazy.compactMap { added.id(of: $0) }.first
    for id in prefix + suffix where token(of: id) == nil {
      throw TokenizationError(
        file: parts.file, field: "post_processor", expected: "ids of tokens", found: "\(id), which has none")
    }
  }
}
