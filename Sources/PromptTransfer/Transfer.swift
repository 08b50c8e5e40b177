import Foundation
import LanguageModels
import Tensors

/// A prompt on one of the models it comes from.
public struct TransferSource: Sendable {
  public let space: EmbeddingSpace
  public let prompt: SoftPrompt
  /// Its share of the objective, among several sources.
  public let weight: Float

  /// Throws when the prompt is not the model's.
  public init(space: EmbeddingSpace, prompt: SoftPrompt, weight: Float = 1) throws(TransferError) {
    try prompt.requireMatch(
      space.table, name: space.name, hint: "Give the model that the prompt was made for")
    self.space = space
    self.prompt = prompt
    self.weight = weight
  }
}

/// How a prompt gets to its target.
public enum TransferMethod: Sendable, Equatable {
  /// The paper's: similarities to shared words, kept.
  case relative(Search, mask: AnchorMask)
  /// The linear map that takes the source's anchors to the target's with the least squared error.
  case linear(ridge: Double)
  /// The nearest anchor of each vector (by cosine), in the target.
  case discretize
  /// The target's anchors, summed with the similarities as weights.
  case naive
  /// The vectors as they are: equal widths only.
  case copy
  /// Nothing carried: normal entries with the mean and deviation of the target's words.
  case random

  public enum Search: Sendable, Equatable {
    case exact(ridge: Double)
    case gradient(steps: Int, learningRate: Float)
  }

  public var name: String {
    switch self {
    case .relative: "relative"
    case .linear: "linear"
    case .discretize: "discretize"
    case .naive: "naive"
    case .copy: "copy"
    case .random: "random"
    }
  }

  /// Whether several sources can be combined, and whether anchors are needed at all.
  var takesSeveralSources: Bool { if case .relative = self { true } else { false } }
  var needsAnchors: Bool { self != .copy && self != .random }
}

/// Carries prompts to one target, without labels and without running a model.
public struct Transfer: Sendable {
  public let sources: [TransferSource]
  public let target: EmbeddingSpace
  public let anchors: Anchors
  public let method: TransferMethod
  public let normalization: NormalizationRule
  public let seed: UInt64
  let parallelism: Parallelism

  /// What a transfer made.
  public struct Outcome: Sendable {
    /// (P, Ct)
    public let vectors: Matrix
    /// The cosine between the wanted and the reached similarities, for each vector; nil without anchors.
    public let objective: [Double]?
    /// Whether the search was stopped before its last step.
    public let isInterrupted: Bool
  }

  /// Throws `TransferError` when the combination makes no sense: sources of unequal templates, too few shared words,
  /// copying between unequal widths.
  public init(
    sources: [TransferSource], target: EmbeddingSpace, anchors: Anchors, method: TransferMethod,
    normalization: NormalizationRule, seed: UInt64 = 0, parallelism: Parallelism
  ) throws(TransferError) {
    guard let first = sources.first else { throw TransferError("transfer", "has no source") }
    guard sources.count == 1 || method.takesSeveralSources else {
      throw TransferError("--method \(method.name)", "takes one source, not \(sources.count)")
    }
    for source in sources where source.prompt.template != first.prompt.template {
      throw TransferError(
        "prompt for \(source.space.name)",
        "has the template \"\(source.prompt.template)\" where the first source has \"\(first.prompt.template)\"",
        hint: "Sources must agree in their templates")
    }
    let width = target.table.width
    if method == .copy, first.prompt.vectors.columns != width {
      throw TransferError(
        "--method copy",
        "\(first.space.name) has width \(first.prompt.vectors.columns), \(target.name) has \(width)",
        hint: "Vectors can only be copied between equal widths")
    }
    if method.needsAnchors, anchors.words.count < 2 {
      throw TransferError(
        "anchors", "the models share \(anchors.words.count) words", hint: "Give more with --anchors WORDS.txt"
      )
    }
    self.sources = sources
    self.target = target
    self.anchors = anchors
    self.method = method
    self.normalization = normalization
    self.seed = seed
    self.parallelism = parallelism
  }

  /// Throws when what comes out is no prompt: not finite, or of length 0.
  /// - Parameters:
  ///   - progress: called during a gradient search with the steps done and all of them
  ///   - shouldStop: asked during a gradient search; what was reached so far is then the result
  public func run(
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, shouldStop: () -> Bool = { false }
  ) throws(TransferError) -> Outcome {
    let outcome = carry(progress: progress, shouldStop: shouldStop)
    for row in 0..<outcome.vectors.rows {
      let length = outcome.vectors.rowNorm(row)
      guard length.isFinite, length > 0 else {
        throw TransferError(
          "transfer to \(target.name)", "vector \(row + 1) comes out \(length == 0 ? "empty" : "not finite")",
          hint:
            "Look at the prompt with inspect, at both models' embeddings, and at --ridge and --learning-rate")
      }
    }
    return outcome
  }

  private func carry(
    progress: (_ done: Int, _ total: Int) -> Void, shouldStop: () -> Bool
  ) -> Outcome {
    let prompt = sources[0].prompt.vectors
    switch method {
    case .copy: return Outcome(vectors: prompt, objective: nil, isInterrupted: false)
    case .random:
      return Outcome(vectors: randomVectors(rows: prompt.rows), objective: nil, isInterrupted: false)
    case .relative(let search, let mask):
      return relative(search, mask, progress: progress, shouldStop: shouldStop)
    case .linear(let ridge):
      return baseline { source, target, _ in
        LinearMap(from: source, to: target, ridge: ridge, parallelism: parallelism).apply(prompt)
      }
    case .discretize:
      return baseline { _, target, code in target.gathering(code.nearestAnchors) }
    case .naive:
      return baseline { _, target, code in
        var sum = Matrix(rows: prompt.rows, columns: target.columns)
        sum.multiply(code.similarities, target)
        return sum
      }
    }
  }

  /// The code, the anchors' embeddings in the target, and the rule with its numbers. The sources' anchors are given back
  /// before the target's are read.
  private func encode(mask: AnchorMask) -> (code: RelativeCode, targetAnchors: Matrix, rule: Normalization) {
    let (code, strengths) = encodeSources(mask: mask)
    let targetAnchors = target.table.rows(anchors.ids(target.tokenizer))
    return (code, targetAnchors, resolve(strengths: strengths, targetAnchors: targetAnchors))
  }

  /// The code, and each vector's length relative to its vocabulary, the mean over the sources.
  private func encodeSources(mask: AnchorMask) -> (RelativeCode, strengths: [Double]) {
    let sourceAnchors = sources.map { $0.space.table.rows(anchors.ids($0.space.tokenizer)) }
    let totalWeight = sources.reduce(0) { $0 + Double($1.weight) }
    let typicalLengths = sourceAnchors.map(\.meanRowNorm)
    let strengths = (0..<sources[0].prompt.vectors.rows).map { row in
      zip(sources, typicalLengths).reduce(0) { sum, pair in
        sum + Double(pair.0.weight) / totalWeight * pair.0.prompt.vectors.rowNorm(row) / pair.1
      }
    }
    let code = RelativeCode(
      zip(sources, sourceAnchors).map { ($0.prompt.vectors, $1, $0.weight) }, mask: mask)
    return (code, strengths)
  }

  private func relative(
    _ search: TransferMethod.Search, _ mask: AnchorMask, progress: (_ done: Int, _ total: Int) -> Void,
    shouldStop: () -> Bool
  ) -> Outcome {
    var (code, unitAnchors, rule) = encode(mask: mask)
    unitAnchors.normalizeRows()
    let vectors: Matrix
    var isInterrupted = false
    switch search {
    case .exact(let ridge):
      vectors = rule.forward(
        ExactSearch(ridge: ridge).directions(code, unitAnchors: unitAnchors, parallelism: parallelism))
    case .gradient(let steps, let learningRate):
      var search = GradientSearch()
      search.steps = steps
      search.learningRate = learningRate
      let result = search.run(
        code, unitAnchors: unitAnchors,
        start: GradientSearch.start(rows: code.similarities.rows, columns: unitAnchors.columns, seed: seed),
        normalization: rule, progress: { progress($0, steps) }, shouldStop: shouldStop)
      isInterrupted = result.losses.count < steps
      vectors = result.vectors
    }
    return Outcome(
      vectors: vectors, objective: code.objective(vectors, unitAnchors: unitAnchors),
      isInterrupted: isInterrupted)
  }

  /// A method that makes target vectors of the anchors of one source, (K, Cs), and of the target, (K, Ct).
  private func baseline(_ carry: (_ source: Matrix, _ target: Matrix, RelativeCode) -> Matrix) -> Outcome {
    let (code, targetAnchors, rule) = encode(mask: .all)
    let sourceAnchors = sources[0].space.table.rows(anchors.ids(sources[0].space.tokenizer))
    let vectors = rule.forward(carry(sourceAnchors, targetAnchors, code))
    return Outcome(
      vectors: vectors, objective: code.objective(vectors, unitAnchors: targetAnchors.normalizingRows()),
      isInterrupted: false)
  }

  private func randomVectors(rows: Int) -> Matrix {
    var stream = RandomStream(seed: seed, name: "transfer.random")
    let (mean, deviation) = target.table.moments()
    return stream.normalMatrix(rows: rows, columns: target.table.width, mean: mean, deviation: deviation)
  }

  /// The rule with the numbers of these models.
  private func resolve(strengths: [Double], targetAnchors: Matrix) -> Normalization {
    switch normalization {
    case .none: return .none
    case .moments:
      let (mean, deviation) = target.table.moments()
      return .moments(mean: mean, deviation: deviation)
    case .scale:
      let (mean, deviation) = target.table.moments()
      let typical = (Double(target.table.width) * (mean * mean + deviation * deviation)).squareRoot()
      return .lengths(strengths.map { _ in typical })
    case .strength:
      let typical = targetAnchors.meanRowNorm
      return .lengths(strengths.map { $0 * typical })
    }
  }
}
