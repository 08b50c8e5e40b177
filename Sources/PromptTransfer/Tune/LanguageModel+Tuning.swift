extension LanguageModel {
  /// Tunes a soft prompt on this model, which itself stays as it is.
  ///
  /// The vectors that do best on the development examples are kept. The same call gives the same prompt, whatever the number of
  /// threads.
  ///
  /// ```swift
  /// let prompt = try await model.tune(on: .facts(folder))
  /// ```
  /// - Parameters:
  ///   - data: its `train` and `dev` splits are read
  ///   - template: where subject, vectors and answer stand; where nil, that of the prompt to start from, else the data's own
  ///   - start: where the vectors start from; ``Dataset/start()`` when nil
  ///   - words: among which answers are looked for; all whole words of the model when nil, or where answers are texts the objects of
  ///     their relation. A task has its labels
  ///   - answers: whether answers are single tokens or texts
  ///   - exampleLimit: at most so many training examples, and development examples as well; all when nil
  ///   - progress: called after every step, not on the caller's thread
  /// - Throws: `TransferError`; `CancellationError` when the task is cancelled
  public func tune(
    on data: Dataset, template: Template? = nil, startingFrom start: PromptStart? = nil,
    words: [String]? = nil, answers form: AnswerForm = .auto, exampleLimit: Int? = nil,
    settings: TuningSettings = TuningSettings(),
    parallelism: Parallelism = .granted,
    progress: @escaping @Sendable (TuningProgress) -> Void = { _ in }
  ) async throws -> SoftPrompt {
    try await cancellable { shouldStop in
      let job = try TuningJob(
        data, template: template, start: start, exampleLimit: exampleLimit, seed: settings.seed)
      let evaluator = try Dataset.evaluator(
        [data], self, asking: job.train + job.dev, answers: form, words: words, parallelism: parallelism,
        shouldStop: shouldStop)
      guard let evaluator else { throw CancellationError() }
      return try Tuner(evaluator: evaluator, settings: settings)
        .tune([job], progress: progress, shouldStop: shouldStop)[0].prompt
    }
  }
}
