/// Who chooses what a method leaves open.
public enum Selection: Sendable {
  /// Shared words that are held out: no labels are looked at.
  case words
  /// The target's answers to development examples.
  case dev(DevSelection)
}

extension Transfer {
  /// Fits, chooses where a selection is given, and carries. Nil when stopped before there was a choice.
  /// - Parameters:
  ///   - jobs: each holds one prompt of each source
  ///   - weights: each source's share; 1 for all when nil
  ///   - progress: called during a training or a search with the steps done and all of them
  ///   - shouldStop: asked meanwhile; what was reached so far is then the result
  /// - Throws: what fitting and carrying throw, and where the method has nothing to choose
  public func run(
    _ jobs: [[SoftPrompt]], weights: [Float]? = nil, selection: Selection? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> [FittedTransfer.Outcome]? {
    switch selection {
    case nil:
      return try fit(progress: progress, shouldStop: shouldStop)
        .carry(jobs, weights: weights, progress: progress, shouldStop: shouldStop)
    case .words:
      return try WordSelection().choose(self, weights: weights, shouldStop: shouldStop)?.transfer
        .carry(jobs, weights: weights, shouldStop: shouldStop)
    case .dev(let selection):
      var outcomes: [FittedTransfer.Outcome] = []
      for prompts in jobs {
        guard
          let selected = try selection.run(
            self, prompts, weights: weights, progress: progress, shouldStop: shouldStop)
        else { return nil }
        outcomes.append(selected.outcome)
      }
      return outcomes
    }
  }
}

/// What was chosen among the candidates of a transfer, and by what score.
public struct Selected: Sendable {
  public let outcome: FittedTransfer.Outcome
  /// The method with the chosen settings.
  public let method: any TransferMethod
  /// The chosen setting by name: `ridge`, or `snapshot` of a gradient search.
  public let chosen: [String: String]
  /// What was compared: the accuracy on development examples, or the mean cosine of held-out words.
  public let score: Double

  init(
    _ outcome: FittedTransfer.Outcome, method: any TransferMethod, chosen: [String: String], score: Double
  ) {
    var outcome = outcome
    outcome.choice = FittedTransfer.Choice(judge: .dev, setting: chosen, score: score)
    (self.outcome, self.method, self.chosen, self.score) = (outcome, method, chosen, score)
  }
}

/// The first of the best; nil when a score says that it was stopped.
func firstBest<Element>(
  _ elements: [Element], score: (Element) throws(TransferError) -> Double?
) throws(TransferError) -> (Element, Double)? {
  var best: (element: Element, score: Double)?
  for element in elements {
    guard let score = try score(element) else { return nil }
    if score > best?.score ?? -.infinity { best = (element, score) }
  }
  return best.map { ($0.element, $0.score) }
}
