import LanguageModels
import Tensors

/// A source model with its own prompt, whose answers are taken over.
public struct Teacher: Sendable {
  public let model: LanguageModel
  public let prompt: SoftPrompt
  /// Its share of the answers, among several.
  public let weight: Float

  /// Throws when the prompt is not the model's, its template cannot serve the model, or the weight is not positive.
  public init(model: LanguageModel, prompt: SoftPrompt, weight: Float = 1) throws(TransferError) {
    try prompt.requireMatch(
      model.space.table, name: model.name, hint: "Give the model that the prompt was made for")
    try SoftPrompt.check(weight, for: model.name)
    try prompt.template.requireUse(with: model)
    self.model = model
    self.prompt = prompt
    self.weight = weight
  }

  /// Sorts teachers by fingerprint, weight and vectors: results do not depend on the order they are given in.
  static func precedes(_ left: Teacher, _ right: Teacher) -> Bool {
    let (a, b) = (left.prompt, right.prompt)
    if a.embeddingFingerprint != b.embeddingFingerprint {
      return a.embeddingFingerprint < b.embeddingFingerprint
    }
    if left.weight != right.weight { return left.weight < right.weight }
    return a.vectors.elements.lexicographicallyPrecedes(b.vectors.elements)
  }

  /// The input for a subject; nil where it has no tokens or too many.
  func input(
    _ subject: Example, _ answers: CandidateVocabulary.AnswerKind
  ) throws(TransferError) -> AskedInput? {
    try model.input(subject, template: prompt.template, answers)
  }

  /// `softmax(logits / T)` over the candidates for each input, (N, candidates). Nil when stopped. Throws when they are not finite.
  func answers(
    _ inputs: [PromptedInput], candidates: CandidateVocabulary, temperature: Float, parallelism: Parallelism,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Matrix? {
    let head = model.network.candidates(candidates.ids)
    head.prepare()
    model.network.prepare(gradientsOf: nil, parallelism: parallelism)
    let size = Evaluator.sequencesPerTask(of: inputs.count, model.network, parallelism)
    let taskCount = (inputs.count + size - 1) / size
    let parallelism = parallelism.suiting(model.network)
    let workers = Workers(parallelism, keepingLayers: false)
    let parts = Collected<Matrix>(count: taskCount)
    let (model, vectors) = (model, prompt.vectors)
    parallelism.forEach(taskCount) { worker, task in
      if shouldStop() { return }
      var answers = model.network.logits(
        inputs[task * size..<min(inputs.count, (task + 1) * size)], prompt: vectors, candidates: head,
        workers[worker])
      Softmax.forward(&answers, temperature: temperature)
      parts.set(answers, at: task)
    }
    guard let elements = parts.all()?.flatMap(\.elements) else { return nil }
    try model.network.requireDevice(model.name)
    guard elements.allSatisfy(\.isFinite) else {
      throw TransferError(
        model.name, "its answers are not finite numbers",
        hint: model.network.hintForBrokenNumbers("The weights or the prompt are damaged"))
    }
    return Matrix(rows: inputs.count, columns: head.count, elements)
  }
}

/// A sentence as a model is asked it, and whether a text of it was cut to the model's positions.
typealias AskedInput = (input: PromptedInput, isCut: Bool)

extension LanguageModel {
  /// The input for a subject; nil where it has no tokens or more than the model has positions. A task's texts are cut to these.
  func input(
    _ subject: Example, template: Template, _ answers: CandidateVocabulary.AnswerKind
  ) throws(TransferError) -> AskedInput? {
    let limit = network.configuration.longestSequence
    guard let whole = try template.input(subject, tokenizer: tokenizer, answer: answer) else { return nil }
    if whole.elements.count <= limit { return (whole, false) }
    guard answers == .labels,
      let cut = try template.cutInput(subject, tokenizer: tokenizer, answer: answer, limit: limit)
    else { return nil }
    return (cut, true)
  }
}
