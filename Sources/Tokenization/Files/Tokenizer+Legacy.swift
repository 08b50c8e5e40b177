import Foundation

extension Tokenizer {
  /// BERT's vocab.txt: the id of a token is its line, from 0.
  ///
  /// tokenizer_config.json says `do_lower_case` (true without it), `strip_accents` and `tokenize_chinese_chars`, as
  /// in BertConverter of transformers' convert_slow_tokenizer.py.
  init(bert side: SideFiles) throws(TokenizationError) {
    let file = side.url("vocab.txt")
    let tokenizerClass = try TokenizerClass(side)
    if let tokenizerClass, !tokenizerClass.readsBertVocabulary {
      throw tokenizerClass.refusal(of: "vocab.txt", side: side, readAs: "BERT's vocabulary")
    }
    guard !side.has("bpe.codes") else {
      throw TokenizationError(
        file: side.url("bpe.codes").path, expected: "vocab.txt alone, as BERT's",
        found: "the merges of another kind, as PhoBERT's, beside it", hint: TokenizerClass.saving)
    }
    let lines = try FileText.lines(of: file)
    var vocabulary = Vocabulary(capacity: lines.count)
    for (id, line) in lines.enumerated() {
      guard Vocabulary.idRange.contains(id) else {
        throw TokenizationError(
          file: file.path, expected: "at most \(Vocabulary.idRange.count) lines", found: "\(lines.count)")
      }
      // Upstream trims white space at the end of lines (WordPiece::read_file).
      let token = String(decoding: line, as: UTF8.self).unicodeScalars
      let end = token.lastIndex { !$0.isWhitespace }.map { token.index(after: $0) } ?? token.startIndex
      _ = vocabulary.insert(String(token[..<end]).utf8, id: id)
    }
    let specials = try Specials(
      side: side, vocabulary: vocabulary, file: file.path,
      standard: tokenizerClass?.bertSpecials ?? TokenizerClass.bertSpecials,
      stripping: tokenizerClass?.name == "MPNetTokenizer" ? "mask_token" : nil)
    try self.init(
      parts: Parts(
        file: file.path,
        model: try WordPiece(
          vocabulary: vocabulary, unknownToken: specials.content("unk_token"), file: file.path),
        addedTokens: specials.tokens,
        normalizer: try BertNormalizer(config: side.tokenizerConfig),
        preTokenizer: BertPreTokenizer(),
        postProcessor: PostProcessor(
          first: try specials.id("cls_token"), last: try specials.id("sep_token")),
        decoder: WordPieceDecoder(prefix: "##", cleansUp: true)),
      side: side)
  }

  /// GPT-2's vocab.json and merges.txt, or RoBERTa's.
  ///
  /// It is RoBERTa's if the tokenizer's class or the `model_type` is of RoBERTa's or BART's kind, or if nothing tells and
  /// the vocabulary has `<mask>`.
  init(byteLevel side: SideFiles) throws(TokenizationError) {
    let file = side.url("vocab.json")
    let tokenizerClass = try TokenizerClass(side)
    if let tokenizerClass, !tokenizerClass.readsByteLevelVocabulary {
      throw tokenizerClass.refusal(of: "vocab.json", side: side, readAs: "GPT-2's or RoBERTa's vocabulary")
    }
    let vocabulary = try Field(contentsOf: file, as: .python).vocabulary()
    let marksEnds = (0..<vocabulary.size).contains { vocabulary.token(of: $0)?.hasSuffix("</w>") == true }
    guard !marksEnds else {
      throw TokenizationError(
        file: file.path, expected: "GPT-2's or RoBERTa's vocabulary", found: "tokens that end in </w>",
        hint: TokenizerClass.saving)
    }
    let lines = try FileText.lines(of: side.url("merges.txt"))
    var reader = MergeReader(
      vocabulary: vocabulary, capacity: lines.count, file: side.url("merges.txt").path)
    for (index, line) in lines.enumerated() where !line.starts(with: "#version".utf8) && !line.isEmpty {
      try reader.add(line, place: "line \(index + 1)")
    }
    let kind = try side.modelKind()?.lowercased()
    let ofClass = tokenizerClass.flatMap { $0.isByteLevel ? $0.isRoberta : nil }
    let ofType = kind.map { $0.hasPrefix("roberta") || $0.hasPrefix("bart") }
    let isRoberta = ofClass ?? ofType ?? (vocabulary.id(of: "<mask>") != nil)
    let specials = try Specials(
      side: side, vocabulary: vocabulary, file: file.path,
      standard: isRoberta
        ? TokenizerClass.robertaSpecials
        : [("bos_token", "<|endoftext|>"), ("eos_token", "<|endoftext|>"), ("unk_token", "<|endoftext|>")],
      stripping: isRoberta ? "mask_token" : nil)
    try self.init(
      parts: Parts(
        file: file.path,
        model: BytePairEncoding(vocabulary: vocabulary, merges: reader.table),
        addedTokens: specials.tokens, normalizer: nil,
        preTokenizer: ByteLevelPreTokenizer(
          addsPrefixSpace: try side.tokenizerConfig?.flag("add_prefix_space", default: false) ?? false,
          splits: true),
        postProcessor: isRoberta
          ? PostProcessor(first: try specials.id("cls_token"), last: try specials.id("sep_token"))
          : PostProcessor(),
        decoder: ByteLevelDecoder()),
      side: side)
  }
}
