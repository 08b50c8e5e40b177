/// Turns pieces of text into ids.
protocol Model: Sendable {
  var vocabulary: Vocabulary { get }
  /// The id of the unknown token, if the model has one.
  var unknown: Int? { get }
  /// Appends the ids of each piece.
  func encode(_ pieces: Pieces, into ids: inout [Int])
}

extension Field {
  /// The model that this object of a tokenizer.json describes.
  func model() throws(TokenizationError) -> any Model {
    switch try text("type") {
    case "WordPiece": return try WordPiece(self)
    case "BPE": return try BytePairEncoding(self)
    case "Unigram": return try Unigram(self)
    case "WordLevel": return try WordLevel(self)
    // Old files have no type (models/mod.rs of tokenizers, ModelUntagged).
    case nil where optional("merges") != nil: return try BytePairEncoding(self)
    case nil where optional("vocab")?.value.array != nil: return try Unigram(self)
    case nil: return try WordPiece(self)
    default: throw unknownType("model", known: ["WordPiece", "BPE", "Unigram", "WordLevel"])
    }
  }

  /// The vocabulary of an object `{"token": id}`.
  func vocabulary() throws(TokenizationError) -> Vocabulary {
    guard let members = value.members else { throw unexpected("an object of tokens and ids") }
    var vocabulary = Vocabulary(capacity: members.count)
    for member in members {
      guard let id = member.value.int, Vocabulary.idRange.contains(id) else {
        throw optional(member.key)?.unexpected(Vocabulary.idRule) ?? unexpected(Vocabulary.idRule)
      }
      if let holder = vocabulary.insert(member.key.utf8, id: id) {
        throw TokenizationError(
          file: file, field: path.isEmpty ? member.key : "\(path).\(member.key)",
          expected: "an id of its own", found: "\(id), which is \(holder.debugDescription)'s")
      }
    }
    return vocabulary
  }
}
