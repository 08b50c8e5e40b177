extension SoftPrompt {
  /// Tunes a prompt on another model by this prompt's answers, without labels.
  ///
  /// ```swift
  /// let carried = try await prompt.transfer(from: source, to: target)
  /// let distilled = try await prompt.distil(
  ///   from: source, to: target, on: .facts(folder), startingFrom: .prompt(carried))
  /// ```
  /// Several sources are ``LanguageModel/distil(_:on:template:startingFrom:words:subjectLimit:temperature:settings:parallelism:progress:)``.
  /// - Parameters:
  ///   - source: the model that the prompt is for
  ///   - data: only the subjects, or a task's texts, of `train` and `dev` are read
  ///   - template: the target's; where nil, that of the prompt to start from, else this prompt's
  ///   - start: where the target's vectors start from; ``Dataset/start()`` when nil
  ///   - words: over which answers are compared; all that both models share when nil, of a task its label words
  ///   - subjectLimit: at most so many training subjects, and development subjects as well; all when nil
  ///   - temperature: what logits are divided by: above 1, unlikely answers count more
  ///   - progress: called after every step, not on the caller's thread
  /// - Throws: `TransferError`; `CancellationError` when the task is cancelled
  public func distil(
    from source: LanguageModel, to target: LanguageModel, on data: Dataset, template: Template? = nil,
    startingFrom start: PromptStart? = nil, words: [String]? = nil, subjectLimit: Int? = nil,
    temperature: Float = 1, settings: TuningSettings = TuningSettings(), parallelism: Parallelism = .granted,
    progress: @escaping @Sendable (TuningProgress) -> Void = { _ in }
  ) async throws -> SoftPrompt {
    try await target.distil(
      [Teacher(model: source, prompt: self)], on: data, template: template, startingFrom: start, words: words,
      subjectLimit: subjectLimit, temperature: temperature, settings: settings, parallelism: parallelism,
      progress: progress)
  }
}

extension LanguageModel {
  /// Tunes a prompt on this model by the answers of other models with their own prompts, without labels.
  ///
  /// Parameters are those of ``SoftPrompt/distil(from:to:on:template:startingFrom:words:subjectLimit:temperature:settings:parallelism:progress:)``.
  /// - Throws: `TransferError`; `CancellationError` when the task is cancelled
  public func distil(
    _ teachers: [Teacher], on data: Dataset, template: Template? = nil,
    startingFrom start: PromptStart? = nil, words: [String]? = nil, subjectLimit: Int? = nil,
    temperature: Float = 1, settings: TuningSettings = TuningSettings(), parallelism: Parallelism = .granted,
    progress: @escaping @Sendable (TuningProgress) -> Void = { _ in }
  ) async throws -> SoftPrompt {
    try await cancellable { shouldStop in
      try data.requireLabels(in: teachers.map(\.model.space) + [space])
      let words = try ComparedWords(
        teachers.map(\.model), target: self, words: data.comparedWords(words), shouldStop: shouldStop)
      guard let words else { throw CancellationError() }
      let distiller = Distiller(
        teachers, over: words, settings: settings, temperature: temperature, parallelism: parallelism)
      let origin: Template? = if case .prompt(let prompt) = start { prompt.template } else { nil }
      let job = try DistillationJob(
        data, template: template ?? origin ?? teachers[0].prompt.template, start: start,
        subjectLimit: subjectLimit, seed: settings.seed)
      return try distiller.distil(job, progress: progress, shouldStop: shouldStop).prompt
    }
  }
}
