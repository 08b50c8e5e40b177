import Formats

extension Unigram {
  /// Reads `vocab`, an array of `[token, score]`, and `unk_id`.
  init(_ field: Field) throws(TokenizationError) {
    let list = try field.member("vocab")
    guard let elements = list.value.array else { throw list.unexpected("an array of tokens and scores") }
    var pieces: [Piece] = []
    pieces.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      guard let pair = element.array, pair.count == 2, let token = pair[0].string, let score = pair[1].double
      else { throw try list.elements()[index].unexpected("[\"token\", score]") }
      pieces.append(Piece(token.utf8, score))
    }
    let unknown = field.optional("unk_id")
    if let unknown, unknown.value.int == nil { throw unknown.unexpected("an id") }
    try self.init(
      pieces: pieces, unknown: unknown?.value.int,
      fallsBackToBytes: try field.flag("byte_fallback", default: false), file: list.file, field: list.path)
  }
}
