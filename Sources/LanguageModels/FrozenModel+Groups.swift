import Tensors

/// Sequences with the same prompt, as one of several prompts that share a batch.
package struct LabelledGroup: Sendable {
  package let inputs: [PromptedInput]
  /// Columns of the candidates.
  package let labels: [Int]
  package let prompt: Matrix  // (P, E)
  /// What the gradient is multiplied by.
  package let scale: Float

  package init(inputs: [PromptedInput], labels: [Int], prompt: Matrix, scale: Float) {
    precondition(inputs.count == labels.count)
    self.inputs = inputs
    self.labels = labels
    self.prompt = prompt
    self.scale = scale
  }
}

extension FrozenModel {
  /// Whether a sequence's results are the same to the last bit whichever sequences share its batch: BLAS takes other paths
  /// for other numbers of rows.
  package static var keepsSequencesApart: Bool { Linear.keepsRowsApart }

  /// Losses and gradient, (P, E), of each group: what `lossAndGradient` makes of it alone, in one batch.
  package func lossesAndGradients(
    _ groups: [LabelledGroup], candidates: CandidateHead, _ workspace: Workspace
  ) -> [(losses: [Float], gradient: Matrix)] {
    var inputs: [PromptedInput] = []
    var prompts: [Matrix] = []
    var vectorCount = 0
    for group in groups {
      inputs += group.inputs.map { $0.shiftingVectors(by: vectorCount) }
      prompts.append(group.prompt)
      vectorCount += group.prompt.rows
    }
    var gradient = Matrix(rows: 0, columns: 0)
    let losses = lossAndGradient(
      inputs[...], labels: groups.flatMap(\.labels),
      scales: groups.flatMap { group in group.inputs.map { _ in group.scale } },
      prompt: Matrix(stacking: prompts), candidates: candidates, gradient: &gradient, workspace)
    var (firstLoss, firstVector) = (0, 0)
    return groups.map { group in
      defer { (firstLoss, firstVector) = (firstLoss + group.inputs.count, firstVector + group.prompt.rows) }
      return (
        Array(losses[firstLoss..<firstLoss + group.inputs.count]),
        gradient.gathering(firstVector..<firstVector + group.prompt.rows)
      )
    }
  }
}

extension PromptedInput {
  /// The same with the vectors found so many rows further down.
  fileprivate func shiftingVectors(by count: Int) -> PromptedInput {
    PromptedInput(
      elements: elements.map { if case .vector(let index) = $0 { .vector(index + count) } else { $0 } },
      readPosition: readPosition)
  }
}
