import Tensors
import Tokenization

/// The words that source models and a target all know as one token, with their ids in each of them: the anchors of a transfer.
///
/// It is made from the spaces themselves and keeps them, so that words and spaces cannot be mixed up.
public struct SharedVocabulary: Sendable {
  /// The words, in the order of their UTF-8 bytes.
  public let words: [String]
  /// The anchors in each source's space, in the order given.
  public let sources: [AnchorRows]
  /// The anchors in the target's space.
  public let target: AnchorRows
  /// How many of those found they are.
  public internal(set) var count = Count.all

  /// How many were left out since a model hardly learned them; nil where that was not looked at.
  public internal(set) var leftOut: Int?

  /// How many of the shared words are used.
  public enum Count: Sendable, Hashable {
    case all
    case first(Int)
    /// That many, drawn at random; a larger number draws the same ones and more.
    case random(Int, seed: UInt64)
    /// Those with the lowest ids in the target, after some that are left out: the most frequent, in vocabularies that were made
    /// by frequency or by merges.
    case frequent(Int, skipping: Int)
  }

  /// A word is shared when it is one token after a space, and not the unknown one, in every space.
  /// - Parameter list: the words to choose from; all whole words of the first source when nil
  public init(
    sources: [EmbeddingSpace], target: EmbeddingSpace, list: [String]? = nil, count: Count = .all
  ) throws(TransferError) {
    let found = try Self.ids(of: list, sources, target, { _, _ in }, { false }) ?? []
    self.init(found, sources: sources, target: target)
    if count != .all { self = drawn(count) }
  }

  /// The same of a list that may hold millions of words. Nil when stopped.
  /// - Parameters:
  ///   - progress: called with the number of words looked up, and of all
  ///   - shouldStop: asked meanwhile
  public init?(
    sources: [EmbeddingSpace], target: EmbeddingSpace, list: [String]? = nil, count: Count = .all,
    progress: (_ done: Int, _ total: Int) -> Void, shouldStop: () -> Bool
  ) throws(TransferError) {
    guard let found = try Self.ids(of: list, sources, target, progress, shouldStop) else { return nil }
    self.init(found, sources: sources, target: target)
    if count != .all { self = drawn(count) }
  }

  /// The whole words of one model, as the source and target of a transfer to itself.
  public init(of space: EmbeddingSpace) throws(TransferError) {
    try self.init(sources: [space], target: space)
  }

  private init(_ words: [Word], sources: [EmbeddingSpace], target: EmbeddingSpace) {
    self.words = words.map(\.text)
    self.sources = sources.enumerated().map { place, space in
      AnchorRows(space, ids: words.map { $0.ids[place] })
    }
    self.target = AnchorRows(target, ids: words.map { $0.ids[sources.count] })
  }

  private init(words: [String], sources: [AnchorRows], target: AnchorRows) {
    (self.words, self.sources, self.target) = (words, sources, target)
  }

  private struct Word {
    let text: String
    /// In each space.
    let ids: [Int]
  }

  /// The shared ones of the words, each once, in the order of their bytes. Nil when stopped.
  private static func ids(
    of list: [String]?, _ sources: [EmbeddingSpace], _ target: EmbeddingSpace,
    _ progress: (_ done: Int, _ total: Int) -> Void, _ shouldStop: () -> Bool
  ) throws(TransferError) -> [Word]? {
    let words = if let list { list } else { try (sources.first ?? target).tokenizer.wholeWords() }
    let spaces = sources + [target]
    var seen: Set<[UInt8]> = []
    var found: [(key: [UInt8], word: Word)] = []
    for (index, text) in words.enumerated() {
      if shouldStop() { return nil }
      progress(index, words.count)
      let key = Array(text.utf8)
      guard seen.insert(key).inserted else { continue }
      var ids: [Int] = []
      for space in spaces {
        guard let id = try space.tokenizer.token(ofWord: text) else { break }
        ids.append(id)
      }
      if ids.count == spaces.count { found.append((key, Word(text: text, ids: ids))) }
    }
    return found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.word)
  }

  /// Some of the words.
  public func drawn(_ count: Count) -> SharedVocabulary {
    var drawn =
      switch count {
      case .all: self
      case .first(let limit): keeping(Array(words.indices.prefix(limit)))
      case .random(let limit, let seed): keeping(Self.draw(limit, of: words.count, seed: seed))
      case .frequent(let limit, let skipped):
        keeping(
          words.indices.sorted { target.ids[$0] < target.ids[$1] }.dropFirst(skipped).prefix(limit).sorted())
      }
    (drawn.count, drawn.leftOut) = (count, leftOut)
    return drawn
  }

  private static func draw(_ limit: Int, of count: Int, seed: UInt64) -> [Int] {
    var stream = RandomStream(seed: seed, name: "anchors")
    return (0..<count).shuffled(using: &stream).prefix(limit).sorted()
  }

  /// Without the words at the given places.
  func without(_ places: Set<Int>) -> SharedVocabulary {
    keeping(words.indices.filter { !places.contains($0) })
  }

  /// With the target's words in another order: places that no longer belong together.
  func permutingTarget(_ order: [Int]) -> SharedVocabulary {
    var other = SharedVocabulary(words: words, sources: sources, target: target.keeping(order))
    (other.count, other.leftOut) = (count, leftOut)
    return other
  }

  private func keeping(_ places: [Int]) -> SharedVocabulary {
    SharedVocabulary(
      words: places.map { words[$0] }, sources: sources.map { $0.keeping(places) },
      target: target.keeping(places))
  }
}
