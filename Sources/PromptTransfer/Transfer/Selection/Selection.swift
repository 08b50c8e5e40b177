import Tensors

/// What was chosen among the candidates of a transfer, and by what score.
public struct Selected: Sendable {
  public let outcome: FittedTransfer.Outcome
  /// The method with the chosen settings.
  public let method: any TransferMethod
  /// The chosen setting by name: `ridge`, or `snapshot` of a gradient search.
  public let chosen: [String: String]
  /// What was compared: the accuracy on development facts, or the mean cosine of held-out words.
  public let score: Double
}

/// The first of the best; nil when a score says that it was stopped.
func firstBest<Element>(
  _ elements: [Element], score: (Element) throws -> Double?
) rethrows -> (Element, Double)? {
  var best: (element: Element, score: Double)?
  for element in elements {
    guard let score = try score(element) else { return nil }
    if score > best?.score ?? -.infinity { best = (element, score) }
  }
  return best.map { ($0.element, $0.score) }
}
