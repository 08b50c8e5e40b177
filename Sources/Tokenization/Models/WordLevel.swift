/// Every piece is a token, or the unknown one. (models/wordlevel/mod.rs of tokenizers)
struct WordLevel: Model {
  let vocabulary: Vocabulary
  let unknownId: Int

  var unknown: Int? { unknownId }

  init(_ field: Field) throws(TokenizationError) {
    vocabulary = try field.member("vocab").vocabulary()
    let token = try field.member("unk_token")
    guard let unknown = vocabulary.id(of: try token.string()) else {
      throw token.unexpected("a token of the vocabulary")
    }
    unknownId = unknown
  }

  func encode(_ pieces: Pieces, into ids: inout [Int]) {
    var bytes: [UInt8] = []
    for piece in pieces {
      bytes.removeAll(keepingCapacity: true)
      for scalar in piece { bytes.append(utf8: scalar) }
      ids.append(vocabulary.id(in: bytes, 0..<bytes.count) ?? unknownId)
    }
  }
}
