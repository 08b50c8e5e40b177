import LanguageModels
import Tensors

/// The divergence of the target's answers from those of the sources, over the words that all of them know.
struct DistillationObjective: TuningObjective {
  /// Subjects as the target is asked them, and what the sources say to them.
  struct Lesson: Sendable {
    let inputs: [PromptedInput]
    let targets: Matrix  // (inputs, candidates)
  }

  let model: FrozenModel
  let head: CandidateHead
  let temperature: Float
  let train: Lesson
  let dev: Lesson
  let parallelism: Parallelism

  var exampleCount: Int { train.inputs.count }
  var canScore: Bool { !dev.inputs.isEmpty }

  func tokenCount(_ example: Int) -> Int { train.inputs[example].elements.count }

  func lossAndGradient(
    _ examples: ArraySlice<Int>, prompt: Matrix, scale: Float, gradient: inout Matrix, _ workspace: Workspace
  ) -> [Float] {
    model.lossAndGradient(
      examples.map { train.inputs[$0] }[...], targets: train.targets.gathering(examples),
      temperature: temperature, prompt: prompt, candidates: head, scale: scale, gradient: &gradient, workspace
    )
  }

  /// Less the mean divergence on the development subjects: no label is looked at.
  func score(
    _ prompt: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> TuningScore? {
    let size = Evaluator.sequencesPerTask
    let taskCount = (dev.inputs.count + size - 1) / size
    let workers = Workers(parallelism)
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
