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
  func input(_ subject: Example) throws(TransferError) -> PromptedInput? {
    try model.input(subject, template: prompt.template)
  }

  /// `softmax(logits / T)` over the candidates for each input, (N, candidates). Throws when they are not finite.
  func answers(
    _ inputs: [PromptedInput], candidates: CandidateVocabulary, temperature: Float, parallelism: Parallelism
  ) throws(TransferError) -> Matrix {
    let head = model.network.candidates(candidates.ids)
    head.prepare()
    model.network.prepare(gradientsOf: nil, parallelism: parallelism)
    let size = Evaluator.sequencesPerTask(of: inputs.count)
    let taskCount = (inputs.count + size - 1) / size
    let workers = Workers(parallelism, keepingLayers: false)
    let parts = Collected<Matrix>(count: taskCount)
    let (model, vectors) = (model, prompt.vectors)
    parallelism.forEach(taskCount) { worker, task in
      var answers = model.network.logits(
        inputs[task * size..<min(inputs.count, (task + 1) * size)], prompt: vectors, candidates: head,
        workers[worker])
      Softmax.forward(&answers, temperature: temperature)
      parts.set(answers, at: task)
    }
    let elements = (parts.all() ?? []).flatMap(\.elements)
    guard elements.allSatisfy(\.isFinite) else {
      throw TransferError(
        model.name, "its answers are not finite numbers", hint: "The weights or the prompt are damaged")
    }
    return Matrix(rows: inputs.count, columns: head.count, elements)
  }
}

extension LanguageModel {
  /// The input for a subject; nil where it has no tokens or more than the model has positions.
  func input(_ subject: Example, template: Template) throws(TransferError) -> PromptedInput? {
    guard let input = try template.input(subject, tokenizer: tokenizer, answer: answer),
      input.elements.count <= network.configuration.longestSequence
    else { return nil }
    return input
  }
}
