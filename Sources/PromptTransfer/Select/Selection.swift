/// What was chosen among the candidates of a transfer, and by what score.
public struct Selected: Sendable {
  public let outcome: Transfer.Outcome
  /// The chosen setting by name: `ridge`, or `snapshot` of a gradient search.
  public let chosen: [String: String]
  /// What was compared: the accuracy on development facts, or the mean cosine of held-out words.
  public let score: Double
}

/// The ridges that a method with one is tried with.
enum RidgeGrid {
  static let ridges = [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]

  /// The first of the best by `score`; nil when that says so.
  static func best(
    _ transfer: Transfer, score: (Transfer) throws -> Double?
  ) throws -> (ridge: Double, transfer: Transfer, score: Double)? {
    var best: (ridge: Double, transfer: Transfer, score: Double)?
    for ridge in ridges {
      guard let method = transfer.method.withRidge(ridge) else {
        throw TransferError(
          "--method \(transfer.method.name)", "has no ridge to choose",
          hint: "Choose with canonical, linear, or relative with exact search")
      }
      let variant = transfer.with(method: method)
      guard let score = try score(variant) else { return nil }
      if score > best?.score ?? -.infinity { best = (ridge, variant, score) }
    }
    return best
  }
}
