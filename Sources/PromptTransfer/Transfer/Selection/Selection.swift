/// Who chooses what a method leaves open.
public enum Selection: Sendable {
  /// Shared words that are held out: no labels are looked at, no model is run.
  case words
  /// The target's answers: one for all prompts, or one for each.
  case answers([any AnswerSelection])
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
    case .answers(let judges):
      guard judges.count == 1 || judges.count == jobs.count else {
        throw TransferError("selection", "has \(judges.count) judges for \(jobs.count) prompts")
      }
      let candidates = try candidates(shouldStop: shouldStop)
      var outcomes: [FittedTransfer.Outcome] = []
      for (place, prompts) in jobs.enumerated() {
        guard
          let selected = try judges[judges.count == 1 ? 0 : place].choose(
            among: candidates, prompts, weights: weights, progress: progress, shouldStop: shouldStop)
        else { return nil }
        outcomes.append(selected.outcome)
      }
      return outcomes
    }
  }
}
