import Formats
import Foundation

extension Tokenizer {
  /// The tokenizer in a GGUF file's metadata, by `tokenizer.ggml.model`: `gpt2`, byte-level BPE with the pre-tokenizer that
  /// `tokenizer.ggml.pre` names; `llama`, SentencePiece's BPE; `bert`, WordPiece.
  ///
  /// It gives the ids of the model's own tokenizer: those of transformers' `gguf_file=` but for pre-tokenizers that this does
  /// not know (`smollm`), and for what a file's metadata does not say and the name of its pre-tokenizer implies (`GGUFPreTokenizer`).
  package init(_ metadata: GGUFMetadata) throws(TokenizationError) {
    let vocabulary = try GGUFVocabulary(metadata)
    let parts: Parts
    switch try vocabulary.text("model") {
    case "gpt2": parts = try Self.byteLevel(vocabulary)
    case "llama": parts = try Self.sentencePiece(vocabulary)
    case "bert": parts = try Self.wordPiece(vocabulary)
    case let kind:
      throw TokenizationError(
        file: vocabulary.file, field: "tokenizer.ggml.model", expected: "gpt2, llama or bert",
        found: kind?.debugDescription ?? "nothing",
        hint: "use the model in Hugging Face's layout, with its tokenizer.json")
    }
    try self.init(parts: parts, side: SideFiles(metadata.url))
  }

  // MARK: gpt2

  private static func byteLevel(_ file: GGUFVocabulary) throws(TokenizationError) -> Parts {
    let name = try file.text("pre") ?? "default"
    guard let preTokenizer = GGUFPreTokenizer(name) else {
      throw TokenizationError(
        file: file.file, field: "tokenizer.ggml.pre",
        expected: "a pre-tokenizer among \(GGUFPreTokenizer.names.joined(separator: ", "))",
        found: name.debugDescription, hint: "use the model in Hugging Face's layout, with its tokenizer.json")
    }
    var vocabulary = Vocabulary(capacity: file.tokens.count)
    for (id, token) in file.tokens.enumerated() { _ = vocabulary.insert(spelled(token), id: id) }
    var reader = MergeReader(
      vocabulary: vocabulary, capacity: file.metadata["tokenizer.ggml.merges"]?.array?.count ?? 0,
      file: file.file)
    let hasMerges = try file.eachMerge { (index, line) throws(TokenizationError) in
      try reader.add(line, place: "tokenizer.ggml.merges[\(index)]")
    }
    guard hasMerges else {
      throw TokenizationError(
        file: file.file, field: "tokenizer.ggml.merges", expected: "the merges", found: "none")
    }
    var settings = BytePairEncoding.Settings()
    settings.ignoresMerges = preTokenizer.ignoresMerges
    return Parts(
      file: file.file,
      model: BytePairEncoding(vocabulary: vocabulary, merges: reader.table, settings: settings),
      addedTokens: try file.addedTokens(vocabulary), normalizer: preTokenizer.normalizer,
      preTokenizer: preTokenizer.splitter(
        addsPrefixSpace: try file.flag("add_space_prefix", default: false)),
      postProcessor: try file.postProcessor(addsBOS: preTokenizer.addsBOS), decoder: ByteLevelDecoder())
  }

  /// The token in the alphabet of byte-level BPE. Tokens that converters have written as plain text are spelled byte by byte.
  private static func spelled(_ token: [UInt8]) -> [UInt8] {
    let text = String(decoding: token, as: UTF8.self).unicodeScalars
    if text.allSatisfy({ ByteAlphabet.byte(of: $0) != nil }) { return token }
    var result: [UInt8] = []
    for byte in token { result.append(utf8: ByteAlphabet.scalars[Int(byte)]) }
    return result
  }

  // MARK: bert

  /// BERT's, whose words' beginnings are marked by `▁` and not their continuations by `##`. Whether text is lowercased the
  /// file does not say: it is where no token but the special ones has a capital letter.
  private static func wordPiece(_ file: GGUFVocabulary) throws(TokenizationError) -> Parts {
    let mark = Array("\u{2581}".utf8)
    var vocabulary = Vocabulary(capacity: file.tokens.count)
    var isCased = false
    for (id, token) in file.tokens.enumerated() {
      let isSpecial = file.kinds[id] != .normal && file.kinds[id] != .unused
      let isBracketed = token.first == UInt8(ascii: "[") && token.last == UInt8(ascii: "]") && token.count > 2
      if isSpecial || isBracketed {
        _ = vocabulary.insert(token, id: id)
        continue
      }
      isCased =
        isCased
        || String(decoding: token, as: UTF8.self).unicodeScalars.contains { $0.properties.isUppercase }
      let word = token.starts(with: mark) ? Array(token.dropFirst(mark.count)) : Array("##".utf8) + token
      _ = vocabulary.insert(word, id: id)
    }
    var added: [AddedToken] = []
    for content in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] {
      if let id = vocabulary.id(of: content) { added.append(AddedToken(content: content, id: id)) }
    }
    let (stated, bos) = (try file.id("cls"), try file.id("bos"))
    let (separator, eos) = (try file.id("seperator"), try file.id("eos"))  // as ggml spells it
    guard let first = stated ?? bos ?? vocabulary.id(of: "[CLS]"),
      let last = separator ?? eos ?? vocabulary.id(of: "[SEP]")
    else {
      throw TokenizationError(file: file.file, expected: "[CLS] and [SEP] in the vocabulary", found: "none")
    }
    return Parts(
      file: file.file, model: try WordPiece(vocabulary: vocabulary, file: file.file), addedTokens: added,
      normalizer: BertNormalizer(spacesChineseCharacters: true, stripsAccents: nil, lowercases: !isCased),
      preTokenizer: BertPreTokenizer(), postProcessor: PostProcessor(first: first, last: last),
      decoder: WordPieceDecoder(prefix: "##", cleansUp: true))
  }
}
