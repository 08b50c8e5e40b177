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
  var joinsParts: Bool { false }

  static func lossesAndGradients(_ parts: [TuningPart<Self>], _ workspace: Workspace) -> [PartResult] {
    parts.map { part in
      let own = part.objective
      var gradient = Matrix(rows: 0, columns: 0)
      let losses = own.train.model.lossAndGradient(
        part.examples.map { own.train.inputs[$0] }[...], targets: own.train.targets.gathering(part.examples),
        temperature: own.train.temperature, prompt: part.prompt, candidates: own.train.head,
        scale: part.scale,
        gradient: &gradient, workspace)
      return PartResult(losses: losses, gradient: gradient)
    }
  }

  /// Less the mean divergence on the development subjects: no label is looked at.
  func score(
    _ prompt: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> TuningScore? {
    try dev.likeness(prompt, parallelism, shouldStop: shouldStop).map { TuningScore(value: -$0.divergence) }
  }
}
