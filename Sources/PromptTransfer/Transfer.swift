import Foundation
import LanguageModels
import Tensors

/// Carries prompts to one target, without labels and without running a model.
public struct Transfer: Sendable {
  /// In an order of their own, so that the one they were given in does not show, not even in the last digit.
  public let sources: [TransferSource]
  public let target: EmbeddingSpace
  public let anchors: Anchors
  public private(set) var method: TransferMethod
  public let normalization: NormalizationRule
  public let seed: UInt64
  let parallelism: Parallelism

  /// What a transfer made.
  public struct Outcome: Sendable {
    /// (P, Ct)
    public let vectors: Matrix
    /// The cosine between the wanted and the reached similarities, for each vector; nil without anchors.
    public let objective: [Double]?
    /// Whether a search or a training was stopped before its last step.
    public fileprivate(set) var isInterrupted: Bool

    package init(vectors: Matrix, objective: [Double]?, isInterrupted: Bool) {
      self.vectors = vectors
      self.objective = objective
      self.isInterrupted = isInterrupted
    }
  }

  /// Throws `TransferError` when the combination makes no sense: sources of unequal templates, too few shared words,
  /// copying between unequal widths.
  public init(
    sources: [TransferSource], target: EmbeddingSpace, anchors: Anchors, method: TransferMethod,
    normalization: NormalizationRule, seed: UInt64 = 0, parallelism: Parallelism
  ) throws(TransferError) {
    guard let first = sources.first else { throw TransferError("transfer", "has no source") }
    guard sources.count == 1 || method != .copy else {
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
    self.sources = sources.sorted {
      SoftPrompt.precedes(($0.prompt, $0.weight), ($1.prompt, $1.weight))
    }
    self.target = target
    self.anchors = anchors
    self.method = method
    self.normalization = normalization
    self.seed = seed
    self.parallelism = parallelism
  }

  /// The same by another method that asks no more of the models.
  func with(method: TransferMethod) -> Transfer {
    var other = self
    other.method = method
    return other
  }

  /// Throws when what comes out is no prompt: not finite, or of length 0.
  /// - Parameters:
  ///   - progress: called during a gradient search or a projector's training with the steps done and all of them
  ///   - snapshotCount: how many candidates of a gradient search are given to `snapshot`, evenly spread over its steps
  ///   - shouldStop: asked meanwhile; what was reached so far is then the result
  public func run(
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, snapshotCount: Int = 0,
    snapshot: (_ vectors: Matrix) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws(TransferError) -> Outcome {
    let outcome = carry(
      progress: progress, snapshotCount: snapshotCount, snapshot: snapshot, shouldStop: shouldStop)
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
    progress: (_ done: Int, _ total: Int) -> Void, snapshotCount: Int, snapshot: (Matrix) -> Void,
    shouldStop: () -> Bool
  ) -> Outcome {
    let prompt = sources[0].prompt.vectors
    switch method {
    case .copy: return Outcome(vectors: prompt, objective: nil, isInterrupted: false)
    case .random:
      return Outcome(vectors: randomVectors(rows: prompt.rows), objective: nil, isInterrupted: false)
    case .relative(let search, let mask):
      return relative(
        search, mask, progress: progress, snapshotCount: snapshotCount, snapshot: snapshot,
        shouldStop: shouldStop)
    case .canonical(let ridge, let shrinkage): return canonical(ridge, shrinkage)
    case .linear(let ridge):
      return map { source, target in
        LinearMap(from: source, to: target, ridge: ridge, parallelism: parallelism).apply
      }
    case .procrustes: return map { source, target in Procrustes(from: source, to: target).apply }
    case .projector(let settings):
      var isInterrupted = false
      var outcome = map { source, target in
        let projector = Projector(
          from: source, to: target, settings: settings, seed: seed, progress: progress, shouldStop: shouldStop
        )
        isInterrupted = isInterrupted || projector.isInterrupted
        return projector.apply
      }
      outcome.isInterrupted = isInterrupted
      return outcome
    case .discretize: return baseline { target, code in target.gathering(code.nearestAnchors) }
    case .naive:
      return baseline { target, code in
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
    let targetAnchors = AnchorRows(anchors, in: target).all()
    return (code, targetAnchors, resolve(strengths: strengths, typicalLength: targetAnchors.meanRowNorm))
  }

  /// The code, and each vector's length relative to its vocabulary, the mean over the sources.
  private func encodeSources(mask: AnchorMask) -> (RelativeCode, strengths: [Double]) {
    let sourceAnchors = sources.map { AnchorRows(anchors, in: $0.space).all() }
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

  /// Vectors that a search went through, with their objective.
  func outcome(_ vectors: Matrix) -> Outcome {
    let (code, targetAnchors, _) = encode(mask: method.mask)
    return Outcome(
      vectors: vectors, objective: code.objective(vectors, unitAnchors: targetAnchors.normalizingRows()),
      isInterrupted: false)
  }

  private func relative(
    _ search: TransferMethod.Search, _ mask: AnchorMask, progress: (_ done: Int, _ total: Int) -> Void,
    snapshotCount: Int, snapshot: (Matrix) -> Void, shouldStop: () -> Bool
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
        normalization: rule, snapshotCount: snapshotCount, snapshot: snapshot,
        progress: { progress($0, steps) }, shouldStop: shouldStop)
      isInterrupted = result.losses.count < steps
      vectors = result.vectors
    }
    return Outcome(
      vectors: vectors, objective: code.objective(vectors, unitAnchors: unitAnchors),
      isInterrupted: isInterrupted)
  }

  /// A method that makes target vectors of the target's anchors, (K, Ct), and the code of all sources.
  private func baseline(_ carry: (_ target: Matrix, RelativeCode) -> Matrix) -> Outcome {
    let (code, targetAnchors, rule) = encode(mask: .all)
    let vectors = rule.forward(carry(targetAnchors, code))
    return Outcome(
      vectors: vectors, objective: code.objective(vectors, unitAnchors: targetAnchors.normalizingRows()),
      isInterrupted: false)
  }

  /// A method that finds a map from each source's anchors, (K, Cs), to the target's, (K, Ct): what each source carries alone,
  /// together.
  private func map(_ find: (_ source: Matrix, _ target: Matrix) -> (Matrix) -> Matrix) -> Outcome {
    baseline { target, _ in
      SourceMean.of(
        sources.map { source in
          let anchors = AnchorRows(anchors, in: source.space).all()
          return (find(anchors, target)(source.prompt.vectors), source.weight)
        })
    }
  }

  /// Reads the anchors of both spaces block by block.
  private func canonical(_ ridge: Double, _ shrinkage: Double) -> Outcome {
    let (code, strengths) = encodeSources(mask: .all)
    let rows = AnchorRows(anchors, in: target)
    let parts = sources.map { source in
      let map = CanonicalMap(
        AnchorRows(anchors, in: source.space).sums(with: rows, parallelism: parallelism),
        ridge: ridge, shrinkage: shrinkage)
      return (map.apply(source.prompt.vectors), source.weight)
    }
    let rule = resolve(strengths: strengths, typicalLength: rows.meanNorm)
    let vectors = rule.forward(SourceMean.of(parts))
    return Outcome(
      vectors: vectors, objective: code.objective(found: rows.similarities(vectors)), isInterrupted: false)
  }

  private func randomVectors(rows: Int) -> Matrix {
    var stream = RandomStream(seed: seed, name: "transfer.random")
    let (mean, deviation) = target.table.moments()
    return stream.normalMatrix(rows: rows, columns: target.table.width, mean: mean, deviation: deviation)
  }

  /// The rule with the numbers of these models.
  private func resolve(strengths: [Double], typicalLength: @autoclosure () -> Double) -> Normalization {
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
      let typical = typicalLength()
      return .lengths(strengths.map { $0 * typical })
    }
  }
}
