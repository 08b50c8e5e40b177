import Foundation

extension Tokenizer {
  /// The names of SentencePiece models: T5's and ALBERT's, XLM-R's and CamemBERT's, Llama's and Gemma's.
  static let sentencePieceFiles = ["spiece.model", "sentencepiece.bpe.model", "tokenizer.model"]

  /// A SentencePiece model, converted as convert_slow_tokenizer.py of transformers does for its family.
  ///
  /// tokenizer_config.json says `do_lower_case` (true) and `keep_accents` (false) for ALBERT, `extra_ids` (100) for T5,
  /// `add_bos_token` (true), `add_eos_token` (false) and `add_prefix_space` (as the model) for Llama and Gemma,
  /// and `legacy` (true) for Llama and T5.
  init(sentencePiece name: String, side: SideFiles) throws(TokenizationError) {
    let model = try SentencePieceModel(contentsOf: side.url(name))
    let family = try SentencePieceFamily(side: side, model: model)
    let config = side.tokenizerConfig
    let extraIds = try config?.optional("extra_ids")?.id() ?? 100
    guard extraIds <= 10_000 else {
      throw TokenizationError(
        file: side.folder.path, field: "extra_ids", expected: "at most 10000", found: "\(extraIds)")
    }
    let pieces = family.pieces(of: model, extraIds: extraIds)
    let core = try Self.core(family, model, pieces)
    let specials = try Specials(
      side: side, vocabulary: core.vocabulary, file: model.file, standard: family.specials,
      stripping: family == .t5 ? nil : "mask_token")
    var added = model.addedTokens(special: family == .gemma ? ["<start_of_turn>", "<end_of_turn>"] : [])
    if family == .t5 { added += (0..<extraIds).map { ("<extra_id_\($0)>", true) } }
    var tokens: [AddedToken] = []
    for (text, isSpecial) in added {
      guard let id = core.vocabulary.id(of: text) else { continue }
      tokens.append(AddedToken(content: text, id: id, isSpecial: isSpecial))
    }
    let conversion = Conversion(
      isLegacy: try config?.flag("legacy", default: true) ?? true,
      addsPrefix: try config?.flag("add_prefix_space", default: model.addsDummyPrefix)
        ?? model.addsDummyPrefix)
    try self.init(
      parts: Parts(
        file: model.file, model: core, addedTokens: tokens + specials.tokens,
        normalizer: try Self.normalizer(family, model, conversion, config),
        preTokenizer: Self.preTokenizer(family, conversion),
        postProcessor: try Self.postProcessor(family, specials, config),
        decoder: Self.decoder(family, conversion)),
      side: side)
  }

  private struct Conversion {
    let isLegacy: Bool
    let addsPrefix: Bool

    var prepending: Metaspace.Prepending { addsPrefix ? isLegacy ? .always : .first : .never }
  }

  private static func core(
    _ family: SentencePieceFamily, _ model: SentencePieceModel, _ pieces: [Unigram.Piece]
  ) throws(TokenizationError) -> any Model {
    switch (family, model.algorithm) {
    case (.llama, .bytePairs), (.gemma, .bytePairs):
      return try BytePairEncoding(pieces: pieces, unknownPiece: model.unknownPiece, file: model.file)
    case (.albert, .unigram), (.camembert, .unigram), (.xlmRoberta, .unigram), (.t5, .unigram):
      let hasFixedUnknown = family == .camembert || family == .xlmRoberta
      return try Unigram(
        pieces: pieces, unknown: hasFixedUnknown ? 3 : model.unknownId, fallsBackToBytes: false,
        file: model.file, field: "pieces")
    default:
      throw TokenizationError(
        file: model.file, field: "trainer_spec.model_type", expected: "the algorithm of \(family)",
        found: "\(model.algorithm)", hint: "the file may be of another model")
    }
  }

  private static func normalizer(
    _ family: SentencePieceFamily, _ model: SentencePieceModel, _ conversion: Conversion, _ config: Field?
  ) throws(TokenizationError) -> (any Normalizer)? {
    var members: [any Normalizer] = []
    switch family {
    case .gemma: return Replace(" ", by: "\u{2581}")
    case .llama:
      guard conversion.isLegacy else { return nil }
      if conversion.addsPrefix { members.append(Prepend(text: ["\u{2581}"])) }
      members.append(Replace(" ", by: "\u{2581}"))
      return NormalizerSequence(members: members)
    case .albert:
      members = [Replace("``", by: "\""), Replace("''", by: "\"")]
      if try !(config?.flag("keep_accents", default: false) ?? false) {
        members += [UnicodeForm.nfkd, StripAccents()] as [any Normalizer]
      }
      if try config?.flag("do_lower_case", default: true) ?? true { members.append(Lowercase()) }
    default: break
    }
    if !model.charsmap.isEmpty {
      members.append(
        try PrecompiledNormalizer(
          charsmap: model.charsmap, file: model.file, field: "normalizer_spec.precompiled_charsmap"))
    }
    if family == .albert {
      members.append(Replace(pattern: .spaces, content: [" "]))
    } else {
      members +=
        [Strip(left: false, right: true), Replace(pattern: .spaces, content: ["\u{2581}"])]
        as [any Normalizer]
    }
    return NormalizerSequence(members: members)
  }

  private static func preTokenizer(
    _ family: SentencePieceFamily, _ conversion: Conversion
  ) -> (any PreTokenizer)? {
    switch family {
    case .gemma: Split(pattern: .text([" "]), behavior: .mergedWithPrevious)
    case .llama: conversion.isLegacy ? nil : Metaspace(prepending: conversion.prepending, splits: false)
    case .t5: Metaspace(prepending: conversion.prepending)
    default: Metaspace(prepending: conversion.addsPrefix ? .always : .never)
    }
  }

  private static func postProcessor(
    _ family: SentencePieceFamily, _ specials: Specials, _ config: Field?
  ) throws(TokenizationError) -> PostProcessor {
    var post = PostProcessor()
    switch family {
    case .t5: post.suffix = [try specials.id("eos_token")]
    case .albert, .camembert, .xlmRoberta:
      post = PostProcessor(first: try specials.id("cls_token"), last: try specials.id("sep_token"))
    case .llama, .gemma:
      if try config?.flag("add_bos_token", default: true) ?? true {
        post.prefix = [try specials.id("bos_token")]
      }
      if try config?.flag("add_eos_token", default: false) ?? false {
        post.suffix = [try specials.id("eos_token")]
      }
    }
    return post
  }

  private static func decoder(_ family: SentencePieceFamily, _ conversion: Conversion) -> any Decoder {
    guard family == .llama || family == .gemma else {
      return Metaspace(
        prepending: family == .t5 ? conversion.prepending : conversion.addsPrefix ? .always : .never)
    }
    var members: [any Decoder] = [Replace("\u{2581}", by: " "), ByteFallback(), Fuse()]
    if family == .llama, conversion.addsPrefix {
      members.append(StripDecoder(content: " ", left: 1, right: 0))
    }
    return DecoderSequence(members: members)
  }
}
