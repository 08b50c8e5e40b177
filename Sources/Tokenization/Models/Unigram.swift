/// SentencePiece's unigram model: of all ways to cut a piece into tokens the one with the highest sum of scores.
/// (models/unigram/model.rs of tokenizers, encode_optimized)
struct Unigram: Model {
  let vocabulary: Vocabulary
  let unknown: Int?
  private let scores: [Double]  // of each id
  private let unknownScore: Double
  private let trie: ByteTrie
  private let byteTokens: [Int]?

  /// A token with its score, the logarithm of its probability.
  struct Piece {
    var token: [UInt8]
    var score: Double

    init(_ token: some Sequence<UInt8>, _ score: Double) {
      self.token = Array(token)
      self.score = score
    }
  }

  /// - Parameters:
  ///   - pieces: by id. Of two with one text the later one counts.
  ///   - unknown: stands for scalars without a token, all neighbouring ones together; without it they are dropped.
  init(
    pieces: [Piece], unknown: Int?, fallsBackToBytes: Bool, file: String, field: String
  ) throws(TokenizationError) {
    func error(_ expected: String, _ found: String) -> TokenizationError {
      TokenizationError(file: file, field: field, expected: expected, found: found)
    }
    guard pieces.count <= Vocabulary.idRange.count else {
      throw error("at most \(Vocabulary.idRange.count) pieces", "\(pieces.count)")
    }
    if let unknown, !pieces.indices.contains(unknown) {
      throw error("an unk_id below \(pieces.count)", "\(unknown)")
    }
    let bytes = pieces.reduce(0) { $0 + $1.token.count }
    guard bytes < ByteTrie.largest else { throw error("less than 16 MiB of text", "\(bytes) bytes") }
    var vocabulary = Vocabulary(capacity: pieces.count)
    var trie = ByteTrie(capacity: min(bytes, pieces.count * 4))
    for (id, piece) in pieces.enumerated() {
      _ = vocabulary.insert(piece.token, id: id)
      trie.insert(piece.token, value: id)
    }
    self.vocabulary = vocabulary
    self.trie = trie
    self.unknown = unknown
    scores = pieces.map(\.score)
    unknownScore = (scores.min() ?? .infinity) - Self.unknownPenalty
    byteTokens = fallsBackToBytes ? vocabulary.byteTokens : nil
  }

  private static let unknownPenalty = 10.0

  /// The best way to a place in a piece.
  private struct Arrival {
    var score = 0.0
    var start = -1  // -1 where there is none
    var id = -1  // -1 for an unknown scalar of a model that has no unknown token
  }

  func encode(_ pieces: Pieces, into ids: inout [Int]) {
    var bytes: [UInt8] = []
    var arrivals: [Arrival] = []
    var path: [Arrival] = []
    for piece in pieces {
      bytes.removeAll(keepingCapacity: true)
      for scalar in piece { bytes.append(utf8: scalar) }
      arrivals.removeAll(keepingCapacity: true)
      for _ in 0...bytes.count { arrivals.append(Arrival()) }
      arrive(bytes, &arrivals)
      path.removeAll(keepingCapacity: true)
      var end = bytes.count
      while end > 0 {
        path.append(arrivals[end])
        end = arrivals[end].start
      }
      append(path, bytes, to: &ids)
    }
  }

  /// Finds the best way to every place where a token can end. A later one must be better to replace an earlier one.
  private func arrive(_ bytes: [UInt8], _ arrivals: inout [Arrival]) {
    var start = 0
    while start < bytes.count {
      let scalarEnd = start + Self.length(ofScalarFrom: bytes[start])
      let score = arrivals[start].score
      var isScalarKnown = false
      var node = 0
      var end = start
      while end < bytes.count, let child = trie.child(of: node, bytes[end]) {
        node = child
        end += 1
        let id = trie.value(of: node)
        guard id >= 0 else { continue }
        if arrivals[end].start < 0 || score + scores[id] > arrivals[end].score {
          arrivals[end] = Arrival(score: score + scores[id], start: start, id: id)
        }
        if end == scalarEnd { isScalarKnown = true }
      }
      if !isScalarKnown, arrivals[scalarEnd].start < 0 || score + unknownScore > arrivals[scalarEnd].score {
        arrivals[scalarEnd] = Arrival(score: score + unknownScore, start: start, id: unknown ?? -1)
      }
      start = scalarEnd
    }
  }

  /// Appends the ids of a path, which is from the end to the beginning.
  private func append(_ path: [Arrival], _ bytes: [UInt8], to ids: inout [Int]) {
    var index = path.count - 1
    while index >= 0 {
      let first = path[index]
      if first.id >= 0, first.id != unknown {
        ids.append(first.id)
        index -= 1
        continue
      }
      while index >= 0, path[index].id < 0 || path[index].id == unknown { index -= 1 }
      let end = index >= 0 ? path[index].start : bytes.count
      appendUnknown(bytes[first.start..<end], to: &ids)
    }
  }

  private func appendUnknown(_ text: ArraySlice<UInt8>, to ids: inout [Int]) {
    let text = Array(text)
    if let id = vocabulary.id(in: text, 0..<text.count) {
      ids.append(id)
    } else if let byteTokens, text.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
      for byte in text { ids.append(byteTokens[Int(byte)]) }
    } else if let unknown {
      ids.append(unknown)
    }
  }

  @inline(__always)
  private static func length(ofScalarFrom first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  }
}
