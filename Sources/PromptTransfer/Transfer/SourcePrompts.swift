import LanguageModels
import Tensors

/// What is carried together: one prompt of each source, with the sources' weights.
public final class SourcePrompts {
  /// One source's share.
  public struct Part {
    /// Its place among the sources of the vocabulary.
    public let source: Int
    /// (P, Cs)
    public let vectors: Matrix
    public let weight: Float
  }

  public let words: SharedVocabulary
  /// Sorted by fingerprint, weight and vectors: sums then do not depend, by rounding, on the order they were given in.
  public let parts: [Part]
  private var known: [AnchorMask: RelativeCode] = [:]
  /// The words that they started from, where that is known to all models.
  private(set) lazy var starts = KeptStarts(prompts, words)
  private let prompts: [SoftPrompt]

  /// - Parameter prompts: one of each source of the vocabulary
  convenience init(_ prompts: [SoftPrompt], weights: [Float], words: SharedVocabulary) {
    self.init(prompts.map(\.vectors), of: prompts, weights: weights, words: words)
  }

  /// - Parameters:
  ///   - vectors: for each source of the vocabulary (P, Cs)
  ///   - prompts: whose vectors they are, where that is known
  init(_ vectors: [Matrix], of prompts: [SoftPrompt] = [], weights: [Float], words: SharedVocabulary) {
    precondition(vectors.count == words.sources.count && vectors.count == weights.count && !vectors.isEmpty)
    self.words = words
    self.prompts = prompts
    let parts = zip(vectors, weights).enumerated().map { Part(source: $0, vectors: $1.0, weight: $1.1) }
    // The hash of a large table takes a while: a single source has no use for it.
    self.parts =
      parts.count == 1
      ? parts
      : parts.sorted { Self.precedes($0, $1, words.sources.map(\.space.table.fingerprint)) }
  }

  private static func precedes(_ a: Part, _ b: Part, _ fingerprints: [String]) -> Bool {
    let (left, right) = (fingerprints[a.source], fingerprints[b.source])
    if left != right { return left < right }
    if a.weight != b.weight { return a.weight < b.weight }
    return a.vectors.elements.lexicographicallyPrecedes(b.vectors.elements)
  }

  /// P, the vectors of each prompt.
  public var vectorCount: Int { parts[0].vectors.rows }

  /// Their code, worked out once.
  public func code(_ mask: AnchorMask) -> RelativeCode {
    if let code = known[mask] { return code }
    Self.encode([self], mask)
    return known[mask] ?? RelativeCode(parts: [], mask: mask)
  }

  /// Works out the codes of several prompts between the same models in one pass over each source's anchors.
  static func encode(_ prompts: [SourcePrompts], _ mask: AnchorMask) {
    guard let words = prompts.first?.words else { return }
    var cosines = prompts.map { _ in [Matrix?](repeating: nil, count: words.sources.count) }
    for (source, anchors) in words.sources.enumerated() {
      let own = prompts.map { prompt in
        prompt.parts.first { $0.source == source }?.vectors ?? Matrix(rows: 0, columns: anchors.width)
      }
      for (place, found) in anchors.cosines(own).enumerated() { cosines[place][source] = found }
    }
    for (prompt, found) in zip(prompts, cosines) {
      prompt.known[mask] = RelativeCode(
        parts: prompt.parts.compactMap { part in found[part.source].map { ($0, part.weight) } }, mask: mask)
    }
  }

  /// Each vector's length relative to the words of its own model, the weighted mean over the sources.
  /// - Parameter typicalLengths: that of the anchors in each source
  func strengths(typicalLengths: [TypicalLength]) -> [Double] {
    let total = parts.reduce(0) { $0 + Double($1.weight) }
    var strengths = [Double](repeating: 0, count: vectorCount)
    for part in parts {
      let typical = typicalLengths[part.source]
      let vectors = typical.centre.map { part.vectors.addingToRows($0, scaledBy: -1) } ?? part.vectors
      for row in strengths.indices {
        strengths[row] += Double(part.weight) / total * vectors.rowNorm(row) / typical.length
      }
    }
    return strengths
  }
}
