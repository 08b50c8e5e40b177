/// BERT's model: the longest token that begins the word, then the longest continuing one, and so on; the unknown
/// token for the whole word where one is missing, and for words longer than the limit.
/// (models/wordpiece/mod.rs of tokenizers)
struct WordPiece: Model {
  let vocabulary: Vocabulary
  let unknownId: Int
  let continuingPrefix: [UInt8]
  /// The limit in scalars.
  let longestWord: Int

  var unknown: Int? { unknownId }

  init(
    vocabulary: Vocabulary, unknownToken: String = "[UNK]", continuingPrefix: String = "##",
    longestWord: Int = 100, file: String
  ) throws(TokenizationError) {
    guard let unknown = vocabulary.id(of: unknownToken) else {
      throw TokenizationError(
        file: file, expected: "the unknown token \"\(unknownToken)\" in the vocabulary", found: "none",
        hint: "the file may be truncated, or of another model")
    }
    self.vocabulary = vocabulary
    self.unknownId = unknown
    self.continuingPrefix = Array(continuingPrefix.utf8)
    self.longestWord = longestWord
  }

  init(_ field: Field) throws(TokenizationError) {
    let limit = field.optional("max_input_chars_per_word")
    guard (limit?.value.int ?? 100) >= 0, limit == nil || limit?.value.int != nil else {
      throw field.unexpected("a max_input_chars_per_word of 0 or more")
    }
    try self.init(
      vocabulary: try field.member("vocab").vocabulary(),
      unknownToken: try field.text("unk_token") ?? "[UNK]",
      continuingPrefix: try field.text("continuing_subword_prefix") ?? "##",
      longestWord: limit?.value.int ?? 100, file: field.file)
  }

  func encode(_ pieces: Pieces, into ids: inout [Int]) {
    var bytes: [UInt8] = []
    var ends: [Int] = []
    var hashes: [UInt64] = []
    for piece in pieces {
      guard piece.count <= longestWord else {
        ids.append(unknownId)
        continue
      }
      // Room for the prefix stands before the word: it is written over what is done, so that "##" and the
      // rest of the word are one range of the buffer.
      bytes.removeAll(keepingCapacity: true)
      bytes.append(contentsOf: continuingPrefix)
      ends.removeAll(keepingCapacity: true)
      for scalar in piece {
        bytes.append(utf8: scalar)
        ends.append(bytes.count)
      }
      encode(&bytes, ends, &hashes, into: &ids)
    }
  }

  private func encode(_ bytes: inout [UInt8], _ ends: [Int], _ hashes: inout [UInt64], into ids: inout [Int])
  {
    let firstId = ids.count
    var start = continuingPrefix.count
    var scalar = 0
    while scalar < ends.count {
      var from = start
      if scalar > 0 {
        from -= continuingPrefix.count
        bytes.replaceSubrange(from..<start, with: continuingPrefix)
      }
      guard let (id, next) = longestToken(bytes, from: from, ends, scalar, &hashes) else {
        ids.removeSubrange(firstId...)
        ids.append(unknownId)
        return
      }
      ids.append(id)
      scalar = next
      start = ends[next - 1]
    }
  }

  /// The longest token that begins at `from` and ends where a scalar from `first` on ends, and the scalar
  /// after it.
  private func longestToken(
    _ bytes: [UInt8], from: Int, _ ends: [Int], _ first: Int, _ hashes: inout [UInt64]
  ) -> (id: Int, next: Int)? {
    hashes.removeAll(keepingCapacity: true)
    var hash = Vocabulary.emptyHash
    var position = from
    var scalar = first
    while scalar < ends.count, ends[scalar] - from <= vocabulary.longest {
      while position < ends[scalar] {
        hash = Vocabulary.hash(hash, bytes[position])
        position += 1
      }
      hashes.append(hash)
      scalar += 1
    }
    while let hash = hashes.popLast() {
      scalar -= 1
      if let id = vocabulary.id(in: bytes, from..<ends[scalar], hash: hash) { return (id, scalar + 1) }
    }
    return nil
  }
}
