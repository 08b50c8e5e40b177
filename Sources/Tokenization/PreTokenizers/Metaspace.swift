/// Writes spaces as `▁`, puts one before the text, and cuts before each. (pre_tokenizers/metaspace.rs of tokenizers)
struct Metaspace: PreTokenizer {
  /// Which pieces get one before them; none does that begins with one.
  enum Prepending: String {
    case always
    /// Only what stands at the beginning of the whole text.
    case first
    case never
  }
  let replacement: Unicode.Scalar
  let prepending: Prepending
  let splits: Bool

  init(replacement: Unicode.Scalar = "\u{2581}", prepending: Prepending, splits: Bool = true) {
    self.replacement = replacement
    self.prepending = prepending
    self.splits = splits
  }

  /// Reads the object. `str_rep` is ignored; `add_prefix_space` of older files must not contradict, as upstream.
  init(_ field: Field) throws(TokenizationError) {
    let scheme = try field.text("prepend_scheme") ?? "always"
    guard let prepending = Prepending(rawValue: scheme) else {
      throw try field.member("prepend_scheme").unexpected("always, first or never")
    }
    if let addsPrefix = field.optional("add_prefix_space"), try !addsPrefix.bool(), prepending != .never {
      throw addsPrefix.unexpected("true, as prepend_scheme is \(scheme)")
    }
    self.init(
      replacement: try field.member("replacement").scalar(), prepending: prepending,
      splits: try field.flag("split", default: true))
  }

  func split(_ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces) {
    let hasPrefix = piece.first == " " || piece.first == replacement
    if !hasPrefix, prepending == .always || prepending == .first && isFirst { pieces.add(replacement) }
    for scalar in piece {
      let isSpace = scalar == " " || scalar == replacement
      if splits, isSpace { pieces.close() }
      pieces.add(isSpace ? replacement : scalar)
    }
    pieces.close()
  }
}
