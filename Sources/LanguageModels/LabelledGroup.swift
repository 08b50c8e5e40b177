import Tensors

/// Sequences with the same prompt, as one of several prompts that share a batch.
public struct LabelledGroup: Sendable {
  public let inputs: [PromptedInput]
  /// Columns of the candidates, one for each prediction of each input.
  public let labels: [Int]
  public let prompt: Matrix  // (P, E)
  /// What the gradient is multiplied by.
  public let scale: Float

  public init(inputs: [PromptedInput], labels: [Int], prompt: Matrix, scale: Float) {
    precondition(inputs.reduce(0) { $0 + $1.readCount } == labels.count)
    self.inputs = inputs
    self.labels = labels
    self.prompt = prompt
    self.scale = scale
  }
}

/// Groups as one batch: their prompts stacked, their vectors numbered through.
struct JoinedGroups {
  private let groups: [LabelledGroup]
  let inputs: [PromptedInput]
  let labels: [Int]
  let scales: [Float]
  let prompt: Matrix  // (sum of P, E)

  init(_ groups: [LabelledGroup]) {
    self.groups = groups
    var inputs: [PromptedInput] = []
    var vectorCount = 0
    for group in groups {
      inputs += group.inputs.map { $0.shiftingVectors(by: vectorCount) }
      vectorCount += group.prompt.rows
    }
    self.inputs = inputs
    labels = groups.flatMap(\.labels)
    scales = groups.flatMap { group in group.labels.map { _ in group.scale } }
    prompt = groups.count == 1 ? groups[0].prompt : Matrix(stacking: groups.map(\.prompt))
  }

  /// Each group's part of what the batch gave.
  func apart(_ losses: [Float], _ gradient: Matrix) -> [(losses: [Float], gradient: Matrix)] {
    if groups.count == 1 { return [(losses, gradient)] }
    var (firstLoss, firstVector) = (0, 0)
    return groups.map { group in
      defer { (firstLoss, firstVector) = (firstLoss + group.labels.count, firstVector + group.prompt.rows) }
      return (
        Array(losses[firstLoss..<firstLoss + group.labels.count]),
        gradient.gathering(firstVector..<firstVector + group.prompt.rows)
      )
    }
  }
}

extension PromptedInput {
  /// The same with the vectors found so many rows further down.
  fileprivate func shiftingVectors(by count: Int) -> PromptedInput {
    if count == 0 { return self }
    return with(
      elements: elements.map { if case .vector(let index) = $0 { .vector(index + count) } else { $0 } })
  }
}
