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

  /// Nil when stopped. Throws for a method without a ridge, or with too few anchors to hold some out.
  public func run(
    _ transfer: Transfer, shouldStop: () -> Bool = { false }
  ) throws -> Selected? {
    let words = transfer.anchors.words
    var stream = RandomStream(seed: transfer.seed, name: "select.words")
    let shuffled = words.indices.shuffled(using: &stream)
    let heldOut = Array(shuffled.prefix(min(wordLimit, Int(Double(words.count) * heldOutShare))))
    guard !heldOut.isEmpty else {
      throw TransferError(
        "anchors", "are too few to hold some out", hint: "Give more with --anchors WORDS.txt")
    }
    let held = Set(heldOut)
    let exam = try Transfer(
      sources: transfer.sources.map { source in
        let known = AnchorRows(transfer.anchors, in: source.space).all()
        return try source.carrying(blurred(known, heldOut, &stream))
      },
      target: transfer.target, anchors: transfer.anchors.without(held), method: transfer.method,
      normalization: .none, seed: transfer.seed, parallelism: transfer.parallelism)
    let ids = transfer.anchors.ids(transfer.target.tokenizer)
    let truth = transfer.target.table.rows(heldOut.map { ids[$0] }).normalizingRows()
    let best = try RidgeGrid.best(exam) { variant in
      guard !shouldStop() else { return nil }
      let carried = try variant.run().vectors.normalizingRows()
      return zip(carried.elements, truth.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        / Double(truth.rows)
    }
    guard let best, let method = transfer.method.withRidge(best.ridge) else { return nil }
    return Selected(
      outcome: try transfer.with(method: method).run(), chosen: ["ridge": "\(best.ridge)"], score: best.score)
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
