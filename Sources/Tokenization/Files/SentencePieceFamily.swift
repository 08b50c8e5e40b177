/// How transformers' convert_slow_tokenizer.py turns a SentencePiece model into the tokenizer of a family.
enum SentencePieceFamily {
  case albert, camembert, gemma, llama, t5, xlmRoberta

  /// The family that config.json's `model_type`, or else tokenizer_config.json's `tokenizer_class`, names, or else the
  /// one whose vocabulary this is.
  init(side: SideFiles, model: SentencePieceModel) throws(TokenizationError) {
    let named = try side.modelKind()?.lowercased().filter { $0.isLetter || $0.isNumber }
    guard let name = named else {
      guard let family = Self.families.first(where: { $0.family.begins(model) })?.family else {
        throw TokenizationError(
          file: model.file, expected: "the vocabulary of a family that is known here", found: "another one",
          hint: "a config.json with model_type beside it would tell the family")
      }
      self = family
      return
    }
    guard let family = Self.families.first(where: { $0.names.contains(where: name.hasPrefix) })?.family else {
      throw TokenizationError(
        file: side.folder.path,
        expected: "a model_type among \(Self.families.flatMap(\.names).joined(separator: ", "))",
        found: name.debugDescription, hint: "of other families tokenizer.json is needed")
    }
    self = family
  }

  /// What names begin with. Order matters: a name may begin with another one.
  private static let families: [(names: [String], family: SentencePieceFamily)] = [
    (["albert"], .albert), (["camembert"], .camembert), (["gemma"], .gemma),
    (["xlmroberta", "xlmr"], .xlmRoberta), (["t5", "mt5", "umt5"], .t5),
    (["llama", "codellama", "mistral", "mixtral"], .llama),
  ]

  /// Whether the model's first pieces are the family's.
  private func begins(_ model: SentencePieceModel) -> Bool {
    let first = model.pieces.prefix(4).map(\.text)
    return switch self {
    case .albert: first == ["<pad>", "<unk>", "[CLS]", "[SEP]"]
    case .gemma: first == ["<pad>", "<eos>", "<bos>", "<unk>"]
    case .t5: model.algorithm == .unigram && first.starts(with: ["<pad>", "</s>", "<unk>"])
    case .llama: model.algorithm == .bytePairs && first.starts(with: ["<unk>", "<s>", "</s>"])
    case .xlmRoberta: model.algorithm == .unigram && first.starts(with: ["<unk>", "<s>", "</s>"])
    case .camembert: false  // as XLM-R's
    }
  }

  /// The roles of special tokens with the tokens that have them in this family.
  var specials: [(role: String, token: String)] {
    switch self {
    case .albert:
      [
        ("bos_token", "[CLS]"), ("eos_token", "[SEP]"), ("unk_token", "<unk>"), ("sep_token", "[SEP]"),
        ("pad_token", "<pad>"), ("cls_token", "[CLS]"), ("mask_token", "[MASK]"),
      ]
    case .camembert, .xlmRoberta:
      [
        ("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"), ("sep_token", "</s>"),
        ("pad_token", "<pad>"), ("cls_token", "<s>"), ("mask_token", "<mask>"),
      ]
    case .gemma:
      [
        ("bos_token", "<bos>"), ("eos_token", "<eos>"), ("unk_token", "<unk>"), ("pad_token", "<pad>"),
        ("mask_token", "<mask>"),
      ]
    case .llama: [("unk_token", "<unk>"), ("bos_token", "<s>"), ("eos_token", "</s>")]
    case .t5: [("eos_token", "</s>"), ("unk_token", "<unk>"), ("pad_token", "<pad>")]
    }
  }

  /// The family's vocabulary, by id: the model's, with what fairseq or Gemma put elsewhere.
  func pieces(of model: SentencePieceModel, extraIds: Int) -> [Unigram.Piece] {
    func piece(_ text: String, _ score: Double = 0) -> Unigram.Piece { Unigram.Piece(text.utf8, score) }
    let own = model.pieces.map { piece($0.text, $0.score) }
    switch self {
    case .albert:
      return model.pieces.map { piece($0.text, $0.score - (Self.endsInNumberComma($0) ? 100 : 0)) }
    case .camembert:
      return [
        piece("<s>NOTUSED"), piece("<pad>"), piece("</s>NOTUSED"), piece("<unk>"),
        piece("<unk>NOTUSED", -100),
      ] + own.dropFirst(1) + [piece("<mask>")]
    case .xlmRoberta:
      return [piece("<s>"), piece("<pad>"), piece("</s>"), piece("<unk>")] + own.dropFirst(3)
        + [piece("<mask>")]
    case .t5: return own + (0..<extraIds).reversed().map { piece("<extra_id_\($0)>") }
    case .llama: return model.pieces.prefix(3).map { piece($0.text) } + own.dropFirst(3)
    case .gemma:
      var pieces = [piece("<pad>"), piece("<eos>"), piece("<bos>")] + own.dropFirst(3)
      // The first Gemma has no tab.
      if !pieces.contains(where: { $0.token == [0x09] }),
        let index = pieces.firstIndex(where: { $0.token.elementsEqual("<0x09>".utf8) })
      {
        pieces[index] = piece("\t")
      }
      return pieces
    }
  }

  /// Whether the piece is a digit and a comma at its end, which ALBERT's pieces must not be (check_number_comma; its
  /// `isdigit` is wider than ASCII, ALBERT's pieces are not).
  private static func endsInNumberComma(_ piece: SentencePieceModel.Piece) -> Bool {
    let end = piece.text.unicodeScalars.suffix(2)
    guard end.count == 2, end.last == ",", let digit = end.first else { return false }
    return digit.properties.numericType == .decimal || digit.properties.numericType == .digit
  }
}
