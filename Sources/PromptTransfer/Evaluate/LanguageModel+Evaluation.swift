extension LanguageModel {
  /// Asks this model the examples of a data set with a prompt of its own.
  ///
  /// ```swift
  /// let answers = try await model.evaluate(prompt, on: .facts(folder))
  /// print(answers.macroAccuracy)
  /// ```
  /// - Parameters:
  ///   - split: which of the examples
  ///   - words: among which answers are looked for; all whole words of the model when nil, or where answers are texts the objects of
  ///     their relation. A task has its labels
  ///   - answers: whether answers are single tokens or texts
  ///   - progress: called with the number of examples done, and of all, not on the caller's thread
  /// - Throws: `TransferError` where the prompt is not this model's, or no example can be asked; `CancellationError` when the
  ///   task is cancelled
  public func evaluate(
    _ prompt: SoftPrompt, on data: Dataset, split: ExampleSet.Split = .test, words: [String]? = nil,
    answers form: AnswerForm = .auto, parallelism: Parallelism = .granted,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> Answers {
    try await cancellable { shouldStop in
      try prompt.requireMatch(space.table, name: name)
      return try answers(
        prompt.template, prompt.vectors, data, split, words, form, parallelism, progress, shouldStop)
    }
  }

  /// The same with a manual template, which has no vectors.
  public func evaluate(
    _ template: Template, on data: Dataset, split: ExampleSet.Split = .test, words: [String]? = nil,
    answers form: AnswerForm = .auto, parallelism: Parallelism = .granted,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> Answers {
    try await cancellable { shouldStop in
      guard template.vectorCount == 0 else {
        throw TransferError("template \"\(template)\"", "has prompt vectors", hint: "Give the prompt itself")
      }
      let none = Matrix(rows: 0, columns: space.table.width)
      return try answers(template, none, data, split, words, form, parallelism, progress, shouldStop)
    }
  }

  /// - Parameter vectors: (P, C), P as in the template
  private func answers(
    _ template: Template, _ vectors: Matrix, _ data: Dataset, _ split: ExampleSet.Split, _ words: [String]?,
    _ form: AnswerForm,
    _ parallelism: Parallelism, _ progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void,
    _ shouldStop: @escaping @Sendable () -> Bool
  ) throws -> Answers {
    let examples = try data.read(split).examples
    let evaluator = try Dataset.evaluator(
      [data], self, asking: examples, answers: form, words: words, parallelism: parallelism,
      shouldStop: shouldStop)
    guard let evaluator else { throw CancellationError() }
    let set = try evaluator.prepare(examples, template: template)
    let count = set.examples.count
    guard count > 0 else {
      throw TransferError(
        data.name, "none of its \(split.rawValue) examples can be asked",
        hint: "Answers must be among the words that are given, and of known tokens")
    }
    guard
      let predictions = try evaluator.predictions(
        set, prompt: vectors, progress: { progress(min($0, count), count) }, shouldStop: shouldStop)
    else { throw CancellationError() }
    return Answers(predictions, to: set, of: evaluator, labels: data.labels)
  }
}
