import LanguageModels
import Tensors

/// The divergence of the target's answers from those of the sources, over the words that all of them know.
struct DistillationObjective: TuningObjective {
  /// Subjects as the target is asked them, and what the sources say to them.
  struct Lesson: Sendable {
    let inputs: [PromptedInput]
    let targets: Matrix  // (inputs, candidates)
  }

  let model: any Network
  let head: CandidateHead
  let temperature: Float
  let train: Lesson
  let dev: Lesson
  let parallelism: Parallelism

  var exampleCount: Int { train.inputs.count }
  var canScore: Bool { !dev.inputs.isEmpty }

  func tokenCount(_ example: Int) -> Int { train.inputs[example].elements.count }

  var joinsParts: Bool { false }

  static func lossesAndGradients(_ parts: [TuningPart<Self>], _ workspace: Workspace) -> [PartResult] {
    parts.map { part in
      let own = part.objective
      var gradient = Matrix(rows: 0, columns: 0)
      let losses = own.model.lossAndGradient(
        part.examples.map { own.train.inputs[$0] }[...], targets: own.train.targets.gathering(part.examples),
        temperature: own.temperature, prompt: part.prompt, candidates: own.head, scale: part.scale,
        gradient: &gradient, workspace)
      return PartResult(losses: losses, gradient: gradient)
    }
  }

  /// Less the mean divergence on the development subjects: no label is looked at.
  func score(
    _ prompt: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> TuningScore? {
    let size = Evaluator.sequencesPerTask(of: dev.inputs.count)
    let taskCount = (dev.inputs.count + size - 1) / size
    let workers = Workers(parallelism, keepingLayers: false)
    let parts = Collected<[Float]>(count: taskCount)
    parallelism.forEach(taskCount) { worker, task in
      if shouldStop() { return }
      let range = task * size..<min(dev.inputs.count, (task + 1) * size)
      var logits = model.logits(dev.inputs[range], prompt: prompt, candidates: head, workers[worker])
      parts.set(
        Divergence.forwardBackward(
          &logits, targets: dev.targets.gathering(range), temperature: temperature, scale: 0), at: task)
    }
    guard let losses = parts.all()?.flatMap({ $0 }) else { return nil }
    return TuningScore(value: -losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count))
  }
}
