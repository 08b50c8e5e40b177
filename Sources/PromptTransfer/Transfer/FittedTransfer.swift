import LanguageModels
import Tensors

/// A transfer that has learned from the shared words: carries any number of prompts between the same models. Each comes out
/// as it would alone, to the last bit.
public struct FittedTransfer: Sendable {
  public private(set) var transfer: Transfer
  /// The method with the settings that were used.
  public let method: any TransferMethod
  let fitted: any FittedMethod
  let scale: FittedNormalization
  /// What a selection chose.
  public internal(set) var choice: Choice?

  /// What a transfer made.
  public struct Outcome: Sendable {
    /// (P, Ct)
    public let vectors: Matrix
    /// The cosine between the wanted and the reached similarities, for each vector; nil without anchors.
    public let objective: [Double]?
    /// Whether a search or a training was stopped before its last step.
    public let isInterrupted: Bool
    /// Whether a search ended by its limit of steps before it was as close as it should be.
    public let isConverged: Bool
    /// What a selection chose; nil where there was none.
    public internal(set) var choice: Choice?
    /// What the method itself says of the vectors.
    var notes: [String: String] = [:]
    let origin: Origin

    /// The vectors as a prompt of the target, with what it says of its making.
    public var prompt: SoftPrompt { origin.prompt(self) }
  }

  /// A setting that was chosen among several.
  public struct Choice: Sendable {
    public enum Judge: String, Sendable { case words, dev, agreement, divergence }

    /// By what: held-out words, development examples, or how the target's answers agree with the sources'.
    public let judge: Judge
    /// The chosen setting by name: `ridge`, `method` where several were compared, or `snapshot` of a gradient search.
    public let setting: [String: String]
    /// What was compared: the mean cosine of held-out words, the accuracy on development examples, the share of equal answers, or
    /// less the divergence of answers in nats.
    public let score: Double
  }

  /// What is observed while vectors are searched.
  package struct Observer {
    let progress: (_ done: Int, _ total: Int) -> Void
    let shouldStop: () -> Bool
    package var snapshotCount = 0
    package var snapshot: (_ vectors: Matrix) -> Void = { _ in }

    package init(
      progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
      shouldStop: @escaping () -> Bool = { false }
    ) {
      (self.progress, self.shouldStop) = (progress, shouldStop)
    }
  }

  /// What numbers had to be changed to be computed with, by the name of the setting: a ridge that was raised.
  public var adjustments: [String: String] { fitted.adjustments }

  /// The same with another seed for what carrying draws; what was learned stays.
  public func with(seed: UInt64) -> FittedTransfer {
    var other = self
    other.transfer = transfer.with(seed: seed)
    return other
  }

  /// Carries one prompt of each source.
  /// - Parameters:
  ///   - prompts: in the order of the vocabulary's sources
  ///   - weights: each source's share; 1 for all when nil
  ///   - progress: called during a search with the steps done and all of them
  ///   - shouldStop: asked meanwhile; what was reached so far is then the result
  /// - Throws: `TransferError` where a prompt is not its source's, templates differ, or what comes out is no prompt: not finite,
  ///   or of length 0
  public func carry(
    _ prompts: [SoftPrompt], weights: [Float]? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) throws(TransferError) -> Outcome {
    try carry([prompts], weights: weights, progress: progress, shouldStop: shouldStop)[0]
  }

  /// Carries several prompts of each source; what depends on the anchors alone is read once for all of them.
  /// - Parameter jobs: each holds one prompt of each source
  public func carry(
    _ jobs: [[SoftPrompt]], weights: [Float]? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) throws(TransferError) -> [Outcome] {
    try carry(jobs, weights: weights, Observer(progress: progress, shouldStop: shouldStop))
  }

  package func carry(
    _ jobs: [[SoftPrompt]], weights: [Float]?, _ observer: Observer
  ) throws(TransferError) -> [Outcome] {
    let weights = try checked(weights)
    for prompts in jobs { try check(prompts) }
    var outcomes: [Outcome] = []
    for start in stride(from: 0, to: jobs.count, by: Self.jobsAtATime) {
      let part = jobs[start..<min(jobs.count, start + Self.jobsAtATime)]
      outcomes += try carryTogether(Array(part), weights, observer)
    }
    return outcomes
  }

  /// What bounds the memory for the similarities of many prompts.
  private static let jobsAtATime = 64

  private func carryTogether(
    _ jobs: [[SoftPrompt]], _ weights: [Float], _ observer: Observer
  ) throws(TransferError) -> [Outcome] {
    let loads = jobs.map { SourcePrompts($0, weights: weights, words: transfer.words) }
    if type(of: method).readsWords { SourcePrompts.encode(loads, fitted.mask) }
    let results = carry(loads, observer)
    for result in results { try requirePrompt(result.vectors) }
    let objectives = objectives(results.map(\.vectors), loads)
    return results.indices.map { job in
      Outcome(
        vectors: results[job].vectors, objective: objectives[job],
        isInterrupted: results[job].isInterrupted || fitted.isInterrupted,
        isConverged: results[job].isConverged, choice: choice, notes: results[job].provenance,
        origin: Origin(transfer: self, prompts: jobs[job], weights: weights))
    }
  }

  /// Carries bare vectors: (P, Cs) of each source to (P, Ct).
  func vectors(_ prompts: [Matrix], weights: [Float]) throws(TransferError) -> Matrix {
    let load = SourcePrompts(prompts, weights: weights, words: transfer.words)
    let vectors = carry([load], Observer())[0].vectors
    try requirePrompt(vectors)
    return vectors
  }

  private func carry(_ loads: [SourcePrompts], _ observer: Observer) -> [Carried] {
    let jobs = loads.map { (prompts: $0, context: context($0, observer)) }
    return zip(fitted.carry(jobs), jobs).map { result, job in
      var result = result
      if !result.isNormalized { result.vectors = job.context.normalization.forward(result.vectors) }
      return result
    }
  }

  private func context(_ load: SourcePrompts, _ observer: Observer) -> CarryContext {
    var context = CarryContext(seed: transfer.seed, parallelism: transfer.parallelism)
    context.normalization = scale(load)
    (context.progress, context.shouldStop) = (observer.progress, observer.shouldStop)
    (context.snapshotCount, context.snapshot) = (observer.snapshotCount, observer.snapshot)
    return context
  }

  /// The objective of each prompt's vectors; nil without anchors.
  private func objectives(_ vectors: [Matrix], _ loads: [SourcePrompts]) -> [[Double]?] {
    guard type(of: method).readsWords else { return vectors.map { _ in nil } }
    return zip(loads, transfer.words.target.cosines(vectors)).map { load, found in
      load.code(fitted.mask).objective(found: found)
    }
  }

  /// The outcome of vectors that a search went through.
  func outcome(
    of vectors: Matrix, for prompts: [SoftPrompt], weights: [Float]?
  ) throws(TransferError) -> Outcome {
    let weights = try checked(weights)
    let load = SourcePrompts(prompts, weights: weights, words: transfer.words)
    return Outcome(
      vectors: vectors, objective: objectives([vectors], [load])[0], isInterrupted: false, isConverged: true,
      origin: Origin(transfer: self, prompts: prompts, weights: weights))
  }

  private func checked(_ weights: [Float]?) throws(TransferError) -> [Float] {
    let sources = transfer.sources
    let weights = weights ?? sources.map { _ in 1 }
    guard weights.count == sources.count else {
      throw TransferError("weights", "are \(weights.count) for \(sources.count) sources")
    }
    for (space, weight) in zip(sources, weights) { try SoftPrompt.check(weight, for: space.name) }
    return weights
  }

  private func check(_ prompts: [SoftPrompt]) throws(TransferError) {
    let sources = transfer.sources
    guard let first = prompts.first, prompts.count == sources.count else {
      throw TransferError("prompts", "are \(prompts.count) for \(sources.count) sources")
    }
    for (prompt, space) in zip(prompts, sources) {
      try prompt.requireMatch(
        space.table, name: space.name, hint: "Give the model that the prompt was made for")
      guard prompt.template == first.template else {
        throw TransferError(
          "prompt for \(space.name)",
          "has the template \"\(prompt.template)\" where the first source has \"\(first.template)\"",
          hint: "Sources must agree in their templates")
      }
    }
  }

  private func requirePrompt(_ vectors: Matrix) throws(TransferError) {
    for row in 0..<vectors.rows {
      let length = vectors.rowNorm(row)
      guard length.isFinite, length > 0 else {
        throw TransferError(
          "transfer to \(transfer.target.name)",
          "vector \(row + 1) comes out \(length == 0 ? "empty" : "not finite")",
          hint: "Look at the prompt, at both models' embeddings, and at the ridge and the learning rate")
      }
    }
  }
}

extension SoftPrompt {
  /// Throws where a source's share among several is none.
  static func check(_ weight: Float, for name: String) throws(TransferError) {
    guard weight > 0, weight.isFinite else {
      throw TransferError("prompt for \(name)", "has the weight \(weight)", hint: "Weights are positive")
    }
  }
}
