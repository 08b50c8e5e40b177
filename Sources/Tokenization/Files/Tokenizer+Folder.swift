import Formats
import Foundation

extension Tokenizer {
  /// Reads the tokenizer of a GGUF file, or of a folder in Hugging Face layout: `tokenizer.json`, or `vocab.txt` (BERT), or
  /// `vocab.json` and `merges.txt` (GPT-2, RoBERTa, BART), or a SentencePiece model (`spiece.model`,
  /// `sentencepiece.bpe.model`, `tokenizer.model`), whichever is there first in this order.
  ///
  /// The blocks `truncation` and `padding` of a tokenizer.json are not applied. Ids of added tokens are the vocabulary's, or else
  /// those from the number of its tokens on, whatever the file says: so `tokenizers` gives them.
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
      throw try Self.nothingToRead(side)
    }
  }

  /// The error for a folder with none of the files that are read, naming what there is instead.
  private static func nothingToRead(_ side: SideFiles) throws(TokenizationError) -> TokenizationError {
    let endings = [".model", ".spm", ".codes", ".tiktoken", ".tokenizer"]
    let whole: Set<String> = ["tekken.json", "vocab.bpe", "encoder.json", "dict.txt", "emoji.json"]
    let names = (try? FileManager.default.contentsOfDirectory(atPath: side.folder.path)) ?? []
    let others = names.filter { name in whole.contains(name) || endings.contains(where: name.hasSuffix) }
    let expected = "tokenizer.json, or vocab.txt, or vocab.json with merges.txt, or a SentencePiece model"
    guard !others.isEmpty else {
      return TokenizationError(file: side.folder.path, expected: expected, found: "none of them")
    }
    let reader = try TokenizerClass(side).map { ", which \($0.name) reads" } ?? ""
    return TokenizationError(
      file: side.folder.path,
      expected: expected + " (\(sentencePieceFiles.joined(separator: ", ")))",
      found: others.sorted().joined(separator: ", ") + reader,
      hint: "save a tokenizer.json with AutoTokenizer.from_pretrained(…).save_pretrained(…)")
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
    let tokenizerClass = try TokenizerClass(side)
    if let tokenizerClass, !tokenizerClass.readsTokenizerFile {
      throw tokenizerClass.refusal(
        of: "tokenizer.json", side: side, readAs: "a tokenizer that cuts text as it says")
    }
    if let version = json.optional("version"), version.value.string != "1.0" {
      throw version.unexpected("\"1.0\"")
    }
    let model = try json.member("model").model()
    var tokens: [AddedToken] = []
    var ids: [[UInt8]: Int] = [:]
    var next = model.vocabulary.count
    for element in try json.optional("added_tokens")?.elements() ?? [] {
      var token = try AddedToken(element)
      let content = Array(token.content.utf8)
      if let id = ids[content] ?? model.vocabulary.id(of: token.content) {
        token.id = id
      } else {
        token.id = next
        next += 1
      }
      ids[content] = token.id
      if let other = model.vocabulary.token(of: token.id), !other.utf8.elementsEqual(token.content.utf8) {
        throw try element.member("id").unexpected("an id that is not \(other.debugDescription)'s")
      }
      tokens.append(token)
    }
    try Self.add(side, tokenizerClass, model.vocabulary, to: &tokens)
    let config = side.tokenizerConfig
    var normalizer = try json.optional("normalizer")?.normalizer()
    var preTokenizer = try json.optional("pre_tokenizer")?.preTokenizer()
    if tokenizerClass?.isBert == true, model is WordPiece, normalizer == nil || normalizer is BertNormalizer {
      normalizer = try BertNormalizer(config: config)
    } else if tokenizerClass?.isAlbert == true, let sequence = normalizer as? NormalizerSequence {
      normalizer = try Self.albertNormalizer(sequence, config)
    }
    if tokenizerClass?.isByteLevel == true, let own = preTokenizer as? ByteLevelPreTokenizer {
      preTokenizer = ByteLevelPreTokenizer(
        addsPrefixSpace: try config?.flag("add_prefix_space", default: false) ?? false, splits: own.splits)
    }
    try self.init(
      parts: Parts(
        file: json.file, model: model, addedTokens: tokens, normalizer: normalizer,
        preTokenizer: preTokenizer,
        postProcessor: try json.optional("post_processor").map(PostProcessor.init) ?? PostProcessor(),
        decoder: try json.optional("decoder")?.decoder()),
      side: side)
  }

  /// Adds what the side files name and the class has besides: the token's id is the vocabulary's, or else the next one that
  /// is free. (tokenization_utils_tokenizers.py of transformers; add_tokens of tokenizers)
  private static func add(
    _ side: SideFiles, _ tokenizerClass: TokenizerClass?, _ vocabulary: Vocabulary,
    to tokens: inout [AddedToken]
  ) throws(TokenizationError) {
    var known = Set(tokens.map { Array($0.content.utf8) })
    let further = try side.addedTokens().sorted { $0.id < $1.id } + side.namedTokens()
    for token in further where !token.content.isEmpty && known.insert(Array(token.content.utf8)).inserted {
      var token = token
      token.id = vocabulary.nextId(after: tokens, for: token.content)
      tokens.append(token)
    }
    let usual =
      tokenizerClass?.isBert == true
      ? tokenizerClass?.bertSpecials ?? []
      : tokenizerClass?.isRoberta == true ? TokenizerClass.robertaSpecials : []
    for (role, content) in usual where try side.specialToken(role) == nil {
      guard let id = vocabulary.id(of: content), known.insert(Array(content.utf8)).inserted else { continue }
      tokens.append(AddedToken(content: content, id: id))
    }
  }

  /// ALBERT's steps with `do_lower_case` (true) and `keep_accents` (false) as tokenizer_config.json has them.
  private static func albertNormalizer(
    _ sequence: NormalizerSequence, _ config: Field?
  ) throws(TokenizationError) -> NormalizerSequence {
    let quotes = sequence.members.prefix { $0 is Replace }
    var members = Array(quotes)
    if try !(config?.flag("keep_accents", default: false) ?? false) {
      members += [UnicodeForm.nfkd, StripAccents()] as [any Normalizer]
    }
    if try config?.flag("do_lower_case", default: true) ?? true { members.append(Lowercase()) }
    members += sequence.members.dropFirst(quotes.count).filter {
      !($0 is UnicodeForm || $0 is StripAccents || $0 is Lowercase)
    }
    return NormalizerSequence(members: members)
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
    addedTokens = try AddedTokens(parts.addedTokens, normalizer: parts.normalizer)
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

extension Vocabulary {
  /// The id that a token gets which is added after those of the file: the vocabulary's own, or the first behind both the number of
  /// the vocabulary's tokens, holes or not, and the ids of those that were added.
  fileprivate func nextId(after tokens: [AddedToken], for content: String) -> Int {
    id(of: content) ?? max(count, (tokens.lazy.map(\.id).max() ?? -1) + 1)
  }
}
