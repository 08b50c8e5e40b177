/// A token that is cut out of the text before the model sees it.
struct AddedToken: Sendable, Equatable {
  let content: String
  var id: Int
  /// Whether it counts only where no word character touches it.
  var isSingleWord = false
  /// Whether it takes the white space on its left, and on its right, with it.
  var stripsLeft = false
  var stripsRight = false
  /// Whether it is normalized, and looked for in normalized text; else in the text as it is.
  var isNormalized = false
  /// Whether decoding can skip it.
  var isSpecial = true
}

extension AddedToken {
  /// Reads an element of `added_tokens`.
  init(_ field: Field) throws(TokenizationError) {
    try self.init(field, id: try field.member("id").id())
  }

  /// Reads a token that has its id elsewhere. serde asks for all five flags; older files of transformers lack some.
  init(_ field: Field, id: Int) throws(TokenizationError) {
    let isSpecial = try field.flag("special", default: false)
    self.init(
      content: try field.member("content").string(), id: id,
      isSingleWord: try field.flag("single_word", default: false),
      stripsLeft: try field.flag("lstrip", default: false),
      stripsRight: try field.flag("rstrip", default: false),
      isNormalized: try field.flag("normalized", default: !isSpecial), isSpecial: isSpecial)
  }
}
