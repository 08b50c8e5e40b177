import Tensors

/// Sequences that share a prompt, and what the model is to answer to them.
public struct TaughtGroup: Sendable {
  /// What is to be answered at each prediction of each input, in order.
  public enum Target: Sendable {
    /// Columns of the candidates. The loss is the cross-entropy `-log softmax(z)[label]`.
    case labels([Int])
    /// Probabilities `q` of the candidates, (R, candidates), rows that sum to 1. The loss is the divergence `KL(q | softmax(z / T))`.
    case distributions(Matrix, temperature: Float)

    var count: Int {
      switch self {
      case .labels(let labels): labels.count
      case .distributions(let targets, _): targets.rows
      }
    }

    /// All in one. They are of one kind, and of one temperature.
    init(joining all: [Target]) {
      var (labels, targets): ([Int], [Matrix]) = ([], [])
      var temperature: Float?
      for target in all {
        switch target {
        case .labels(let own): labels += own
        case .distributions(let own, let ownTemperature):
          precondition(temperature == nil || temperature == ownTemperature, "one temperature a batch")
          (targets, temperature) = (targets + [own], ownTemperature)
        }
      }
      if let temperature {
        precondition(labels.isEmpty, "a batch is taught by labels or by distributions")
        self = .distributions(
          targets.count == 1 ? targets[0] : Matrix(stacking: targets), temperature: temperature)
      } else {
        self = .labels(labels)
      }
    }
  }

  public let inputs: [PromptedInput]
  public let target: Target
  public let prompt: Matrix  // (P, E)
  /// What the gradient is multiplied by.
  public let scale: Float

  public init(inputs: [PromptedInput], target: Target, prompt: Matrix, scale: Float) {
    precondition(inputs.reduce(0) { $0 + $1.readCount } == target.count)
    self.inputs = inputs
    self.target = target
    self.prompt = prompt
    self.scale = scale
  }
}

/// Groups as one batch: their prompts stacked, their vectors numbered through.
struct JoinedGroups {
  private let groups: [TaughtGroup]
  let inputs: [PromptedInput]
  let target: TaughtGroup.Target
  let scales: [Float]
  let prompt: Matrix  // (sum of P, E)

  init(_ groups: [TaughtGroup]) {
    self.groups = groups
    var inputs: [PromptedInput] = []
    var vectorCount = 0
    for group in groups {
      inputs += group.inputs.map { $0.shiftingVectors(by: vectorCount) }
      vectorCount += group.prompt.rows
    }
    self.inputs = inputs
    target = TaughtGroup.Target(joining: groups.map(\.target))
    scales = groups.flatMap { [Float](repeating: $0.scale, count: $0.target.count) }
    prompt = groups.count == 1 ? groups[0].prompt : Matrix(stacking: groups.map(\.prompt))
  }

  /// Each group's part of what the batch gave.
  func apart(_ losses: [Float], _ gradient: Matrix) -> [(losses: [Float], gradient: Matrix)] {
    if groups.count == 1 { return [(losses, gradient)] }
    var (firstLoss, firstVector) = (0, 0)
    return groups.map { group in
      defer { (firstLoss, firstVector) = (firstLoss + group.target.count, firstVector + group.prompt.rows) }
      return (
        Array(losses[firstLoss..<firstLoss + group.target.count]),
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
