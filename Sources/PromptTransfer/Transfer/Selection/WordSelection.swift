import Tensors

/// A choice without labels: the ridge that best carries shared words which the method did not see, whose place in the target is
/// known.
///
/// A prompt's vectors are not like words: they lie off the directions that words fill. Held-out words as they are ask for too
/// small a ridge, so noise is added to them, as strong as 1.4 times the words' own spread.
public struct WordSelection: Sendable {
  /// The share of the anchors that is held out.
  public var heldOutShare = 0.2
  /// At most so many are carried.
  public var wordLimit = 256
  /// Standard deviation of the noise, in units of that of the words' entries.
  public var noise = 1.4

  public init() {}

  /// A transfer with the setting that was chosen for it; the choice does not look at prompts.
  public struct Choice: Sendable {
    public let transfer: FittedTransfer
    public let chosen: [String: String]
    /// The mean cosine of the held-out words to their true places.
    public let score: Double
  }

  /// Nil when stopped. Throws for a method without a ridge, or with too few anchors to hold some out.
  /// - Parameter weights: each source's share; 1 for all when nil
  public func choose(
    _ transfer: Transfer, weights: [Float]? = nil, shouldStop: @escaping () -> Bool = { false }
  ) throws(TransferError) -> Choice? {
    let words = transfer.words
    var stream = RandomStream(seed: transfer.seed, name: "select.words")
    let shuffled = words.words.indices.shuffled(using: &stream)
    let heldOut = Array(shuffled.prefix(min(wordLimit, Int(Double(words.words.count) * heldOutShare))))
    guard !heldOut.isEmpty else {
      throw TransferError("anchors", "are too few to hold some out", hint: "Give a list with more words")
    }
    let weights = weights ?? words.sources.map { _ in 1 }
    // Sorted by the sources themselves, so that the noise does not depend on the order they were given in.
    let prints = words.sources.count > 1 ? words.sources.map(\.space.table.fingerprint) : [""]
    let order = words.sources.indices.sorted { (prints[$0], weights[$0]) < (prints[$1], weights[$1]) }
    var questions = words.sources.map { _ in Matrix(rows: 0, columns: 0) }
    for source in order { questions[source] = blurred(words.sources[source].all(), heldOut, &stream) }
    let truth = words.target.keeping(heldOut).all().normalizingRows()
    let exam = transfer.with(words: words.without(Set(heldOut)), normalization: .none)
    let candidates = try exam.fitCandidates(shouldStop: shouldStop)
    let best = try firstBest(candidates) { (candidate) throws(TransferError) in
      if shouldStop() { return nil }
      let carried = try candidate.transfer.vectors(questions, weights: weights).normalizingRows()
      return zip(carried.elements, truth.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        / Double(truth.rows)
    }
    guard let (place, score) = best else { return nil }
    let chosen = candidates[place]
    var fitted = try transfer.with(method: chosen.transfer.method).fit(shouldStop: shouldStop)
    fitted.choice = FittedTransfer.Choice(judge: .words, setting: chosen.setting, score: score)
    return Choice(transfer: fitted, chosen: chosen.setting, score: score)
  }

  private func blurred(_ words: Matrix, _ chosen: [Int], _ stream: inout RandomStream) -> Matrix {
    let count = Double(max(1, words.count))
    let (sum, squares) = words.elements.reduce((0.0, 0.0)) {
      ($0.0 + Double($1), $0.1 + Double($1) * Double($1))
    }
    let spread = max(0, squares / count - (sum / count) * (sum / count)).squareRoot()
    var result = words.gathering(chosen)
    result.add(
      stream.normalMatrix(
        rows: result.rows, columns: result.columns, mean: 0, deviation: noise * spread))
    return result
  }
}
