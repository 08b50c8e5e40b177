extension SoftPrompt {
  /// Carries the prompt to another model, without labels and without running a model.
  ///
  /// ```swift
  /// let carried = try await prompt.transfer(from: source, to: target)
  /// ```
  /// Several prompts between the same models, or one from several models, are a ``Transfer``: it is fitted once.
  /// - Parameters:
  ///   - source: the model that the prompt is for
  ///   - normalization: how the target's scale is given; the method's own rule when nil
  ///   - words: those that may serve as anchors; all that the models share when nil
  ///   - seed: of what a method draws
  ///   - progress: called during a training or a search with the steps done and all of them, not on the caller's thread
  /// - Throws: `TransferError` where the prompt is not the source's, or a label of its task is not one token of the target;
  ///   `CancellationError` when the task is cancelled
  public func transfer(
    from source: some EmbeddingProvider, to target: some EmbeddingProvider,
    by method: any TransferMethod = CanonicalMap(), normalization: NormalizationRule? = nil,
    words: [String]? = nil, seed: UInt64 = 0, parallelism: Parallelism = .granted,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> SoftPrompt {
    try await cancellable { shouldStop in
      let shared = try SharedVocabulary(
        sources: [source.space], target: target.space, list: words, progress: { _, _ in },
        shouldStop: shouldStop)
      guard let shared else { throw CancellationError() }
      return try Transfer(
        shared, method: method, normalization: normalization, seed: seed, parallelism: parallelism
      ).prompts([[self]], progress: progress, shouldStop: shouldStop)[0]
    }
  }
}

extension Transfer {
  /// Carries several prompts, and chooses what the method leaves open where a selection is given. What is learned of the models
  /// is learned once.
  /// - Parameters:
  ///   - jobs: each holds one prompt of each source, in the order of the vocabulary's sources
  ///   - weights: each source's share; 1 for all when nil
  /// - Throws: `TransferError`; `CancellationError` when the task is cancelled
  public func carry(
    _ jobs: [[SoftPrompt]], weights: [Float]? = nil, selection: Selection? = nil,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws -> [SoftPrompt] {
    try await cancellable { shouldStop in
      try prompts(
        jobs, weights: weights, selection: selection, progress: progress, shouldStop: shouldStop)
    }
  }

  fileprivate func prompts(
    _ jobs: [[SoftPrompt]], weights: [Float]? = nil, selection: Selection? = nil,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> [SoftPrompt] {
    for prompt in jobs.joined() { try prompt.requireLabels(in: target) }
    guard
      let outcomes = try run(
        jobs, weights: weights, selection: selection, progress: progress, shouldStop: shouldStop)
    else { throw CancellationError() }
    return outcomes.map(\.prompt)
  }
}
