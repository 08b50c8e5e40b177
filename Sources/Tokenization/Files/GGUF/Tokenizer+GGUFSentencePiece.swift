import Formats

extension Tokenizer {
  /// SentencePiece's BPE as the architecture has it: Gemma's, Phi-3's, or Llama's.
  static func sentencePiece(_ file: GGUFVocabulary) throws(TokenizationError) -> Parts {
    let architecture = try GGUFVocabulary.reading { () throws(FileError) in
      try file.metadata.string("general.architecture") ?? ""
    }
    let isGemma = ["gemma", "gemma2", "gemma3"].contains(architecture)
    let scores = try file.numbers("tokenizer.ggml.scores")
    var pieces: [Unigram.Piece] = []
    pieces.reserveCapacity(file.tokens.count)
    for (id, token) in file.tokens.enumerated() {
      // Gemma's scores do not follow the order of its merges; the order of its tokens does. Files spell its tokens of several
      // spaces as spaces. (`gemma_tokenizer` in transformers' gguf_tokenizer_mapping.py)
      if isGemma {
        pieces.append(Unigram.Piece(token.allSatisfy { $0 == 0x20 } ? marked(token) : token, -Double(id)))
      } else {
        pieces.append(Unigram.Piece(token, scores?[id] ?? -Double(id)))
      }
    }
    let unknown = try file.id("unknown").map { String(decoding: file.tokens[$0], as: UTF8.self) }
    let model = try core(file, pieces, unknownPiece: unknown ?? "<unk>")
    var added = try file.addedTokens(model.vocabulary)
    // Those that files spell with spaces are merged, not cut out.
    if isGemma { added.removeAll { $0.content.unicodeScalars.allSatisfy { $0 == " " } } }
    let addsPrefix = try file.flag("add_space_prefix", default: !isGemma)
    return Parts(
      file: file.file, model: model, addedTokens: added,
      normalizer: normalizer(architecture, isGemma: isGemma, addsPrefix: addsPrefix),
      preTokenizer: isGemma || architecture == "phi3"
        ? nil : Metaspace(prepending: addsPrefix ? .first : .never, splits: false),
      postProcessor: try file.postProcessor(addsBOS: true),
      decoder: DecoderSequence(
        members: [Replace("\u{2581}", by: " "), ByteFallback(), Fuse()] as [any Decoder]
          + (addsPrefix && !isGemma ? [StripDecoder(content: " ", left: 1, right: 0)] : [])))
  }

  private static func marked(_ spaces: [UInt8]) -> [UInt8] {
    Array(String(repeating: "\u{2581}", count: spaces.count).utf8)
  }

  private static func normalizer(
    _ architecture: String, isGemma: Bool, addsPrefix: Bool
  ) -> (any Normalizer)? {
    if isGemma { return Replace(" ", by: "\u{2581}") }
    guard architecture == "phi3" else { return nil }
    let spaces = Replace(" ", by: "\u{2581}")
    return addsPrefix ? NormalizerSequence(members: [Prepend(text: ["\u{2581}"]), spaces]) : spaces
  }

  /// With the file's merges, or else those that the pieces and their scores imply.
  private static func core(
    _ file: GGUFVocabulary, _ pieces: [Unigram.Piece], unknownPiece: String
  ) throws(TokenizationError) -> BytePairEncoding {
    guard let count = file.metadata["tokenizer.ggml.merges"]?.array?.count else {
      return try BytePairEncoding(pieces: pieces, unknownPiece: unknownPiece, file: file.file)
    }
    var vocabulary = Vocabulary(capacity: pieces.count)
    for (id, piece) in pieces.enumerated() { _ = vocabulary.insert(piece.token, id: id) }
    var reader = MergeReader(vocabulary: vocabulary, capacity: count, file: file.file)
    _ = try file.eachMerge { (index, line) throws(TokenizationError) in
      try reader.add(line, place: "tokenizer.ggml.merges[\(index)]")
    }
    var settings = BytePairEncoding.Settings()
    settings.unknown = vocabulary.id(of: unknownPiece)
    settings.fusesUnknown = true
    settings.fallsBackToBytes = true
    return BytePairEncoding(vocabulary: vocabulary, merges: reader.table, settings: settings)
  }
}
