import LanguageModels
import Tensors

/// The divergence of the target's answers from those of the sources, over the words that all of them know.
struct DistillationObjective: TuningObjective {
  let train: Lesson
  let dev: Lesson
  let parallelism: Parallelism

  var exampleCount: Int { train.inputs.count }
  var canScore: Bool { !dev.inputs.isEmpty }

  func tokenCount(_ example: Int) -> Int { train.inputs[example].elements.count }

  var network: any Network { train.model }
  var joinsParts: Bool { network.keepsSequencesApart }

  static func lossesAndGradients(_ parts: [TuningPart<Self>], _ workspace: Workspace) -> [PartResult] {
    guard let first = parts.first?.objective.train else { return [] }
    let groups = parts.map { part in
      let lesson = part.objective.train
      return TaughtGroup(
        inputs: part.examples.map { lesson.inputs[$0] },
        target: .distributions(lesson.targets.gathering(part.examples), temperature: lesson.temperature),
        prompt: part.prompt, scale: part.scale)
    }
    return first.model.lossesAndGradients(groups, candidates: first.head, workspace)
      .map { PartResult(losses: $0.losses, gradient: $0.gradient) }
  }

  /// Less the mean divergence on the development subjects: no label is looked at.
  func score(
    _ prompt: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> TuningScore? {
    try dev.likeness(prompt, parallelism, shouldStop: shouldStop).map { TuningScore(value: -$0.divergence) }
  }
}
