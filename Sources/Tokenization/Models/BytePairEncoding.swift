/// BPE: a piece begins as one symbol a scalar; pairs are merged, the earliest merge of the list first.
/// (models/bpe/model.rs of tokenizers)
struct BytePairEncoding: Model {
  let vocabulary: Vocabulary
  let merges: MergeTable
  let settings: Settings
  private let lowSymbols: [Int]  // ids of the scalars below U+0180, `ByteAlphabet` among them; -1 without
  private let byteTokens: [Int]?  // ids of <0x00> to <0xFF>, -1 without; nil where `fallsBackToBytes` is not

  /// What a tokenizer.json says besides vocabulary and merges; the defaults are GPT-2's.
  struct Settings: Sendable {
    /// Stands for scalars without a token, which are dropped where this is nil.
    var unknown: Int?
    /// Whether neighbouring unknown scalars become one token.
    var fusesUnknown = false
    /// Whether a scalar without a token becomes `<0xAB>`s, one a byte, if there are tokens for all of them.
    var fallsBackToBytes = false
    /// Whether a piece that is a token as a whole is that token, whatever the merges make of it.
    var ignoresMerges = false
    /// What the vocabulary has before each symbol but a piece's first one.
    var continuingPrefix: [UInt8] = []
    /// What the vocabulary has after a piece's last symbol.
    var endSuffix: [UInt8] = []
  }

  init(vocabulary: Vocabulary, merges: MergeTable, settings: Settings = Settings()) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.settings = settings
    lowSymbols = (0..<0x180).map { value in
      Unicode.Scalar(UInt32(value)).flatMap { vocabulary.id(of: String($0)) } ?? -1
    }
    byteTokens = settings.fallsBackToBytes ? vocabulary.byteTokens : nil
  }

  var unknown: Int? { settings.unknown }

  func encode(_ pieces: Pieces, into ids: inout [Int]) {
    var word = MergeWord()
    var bytes: [UInt8] = []
    for piece in pieces {
      if settings.ignoresMerges {
        bytes.removeAll(keepingCapacity: true)
        for scalar in piece { bytes.append(utf8: scalar) }
        if let id = vocabulary.id(in: bytes, 0..<bytes.count) {
          ids.append(id)
          continue
        }
      }
      word.removeAll()
      fill(&word, with: piece, &bytes)
      word.merge(by: merges, into: &ids)
    }
  }

  private func fill(_ word: inout MergeWord, with piece: ArraySlice<Unicode.Scalar>, _ bytes: inout [UInt8]) {
    let isPlain = settings.continuingPrefix.isEmpty && settings.endSuffix.isEmpty
    var pendingUnknown: Int?
    for index in piece.indices {
      let scalar = piece[index]
      if isPlain, scalar.value < 0x180, lowSymbols[Int(scalar.value)] >= 0 {
        if let unknown = pendingUnknown.take() { word.append(unknown) }
        word.append(lowSymbols[Int(scalar.value)])
        continue
      }
      bytes.removeAll(keepingCapacity: true)
      if index > piece.startIndex { bytes += settings.continuingPrefix }
      bytes.append(utf8: scalar)
      if index == piece.endIndex - 1 { bytes += settings.endSuffix }
      if let id = vocabulary.id(in: bytes, 0..<bytes.count) {
        if let unknown = pendingUnknown.take() { word.append(unknown) }
        word.append(id)
      } else if let byteTokens, bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
        // Upstream leaves a pending unknown token for later here, so that it comes after these (model.rs,
        // merge_word).
        for byte in bytes { word.append(byteTokens[Int(byte)]) }
      } else if let unknown = settings.unknown {
        if !settings.fusesUnknown, let earlier = pendingUnknown { word.append(earlier) }
        pendingUnknown = unknown
      }
    }
    if let unknown = pendingUnknown { word.append(unknown) }
  }
}
