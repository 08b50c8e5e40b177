import Tensors
import Tokenization

/// Words that every model of a transfer knows as one token, in a fixed order.
public struct Anchors: Sendable {
  public let words: [String]

  /// How many of the shared words are used.
  public enum Count: Sendable, Equatable {
    case all
    case first(Int)
    /// That many, drawn without looking; a larger number takes the same ones and more.
    case random(Int, seed: UInt64)
  }

  /// The words of `list` (all words of the first model's vocabulary when nil) that are one token, after a space and
  /// not the unknown one, in each of the tokenizers; sorted by their UTF-8 bytes.
  public init(_ tokenizers: [Tokenizer], list: [String]? = nil, count: Count = .all) {
    precondition(!tokenizers.isEmpty)
    let shared = (list ?? tokenizers[0].words()).filter { word in
      tokenizers.allSatisfy { $0.singleToken(word) != nil }
    }
    let sorted = Set(shared.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
      .map { String(decoding: $0, as: UTF8.self) }
    switch count {
    case .all: words = sorted
    case .first(let limit): words = Array(sorted.prefix(limit))
    case .random(let limit, let seed):
      var stream = RandomStream(seed: seed, name: "anchors")
      words = sorted.indices.shuffled(using: &stream).prefix(limit).sorted().map { sorted[$0] }
    }
  }

  private init(words: [String]) { self.words = words }

  /// Without those at the given places.
  func without(_ places: Set<Int>) -> Anchors {
    Anchors(words: words.enumerated().filter { !places.contains($0.offset) }.map(\.element))
  }

  /// The anchors' tokens in one of the tokenizers they were made for.
  func ids(_ tokenizer: Tokenizer) -> [Int] { words.compactMap(tokenizer.singleToken) }
}
