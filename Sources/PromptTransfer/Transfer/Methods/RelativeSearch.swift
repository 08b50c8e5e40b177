import Tensors

/// The paper's method: prompt vectors are described by their similarities to shared words, and target vectors with the same
/// similarities are searched.
public struct RelativeSearch: TransferMethod {
  public static let name = "relative"
  public static let summary = "the paper's: searches the vectors that are as similar to the shared words"

  public enum Search: Sendable, Hashable {
    /// By its closed form; the ridge is in units of the mean diagonal of `Â^T Â`.
    case exact(ridge: Double)
    /// By the reference's optimiser.
    case gradient(steps: Int, learningRate: Float)
  }

  public var search: Search
  /// Which anchors describe a vector: the paper's 8,192 most similar ones.
  public var mask: AnchorMask

  /// A gradient search has the rule inside, and so finds lengths that suit it.
  public var findsDirectionsOnly: Bool { if case .exact = search { true } else { false } }

  /// Whether target vectors are searched step by step.
  public var isGradient: Bool { if case .gradient = search { true } else { false } }

  public static let defaultRidge = 0.1
  public static let defaultSteps = 2000
  public static let defaultLearningRate: Float = 5e-3

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable {
    case search, ridge, steps, learningRate, maskTop, maskAbsolute
  }

  private enum SearchName: String, Codable { case exact, gradient }

  public init() { self.init(.exact(ridge: Self.defaultRidge)) }

  public init(_ search: Search, mask: AnchorMask = .top(8192)) { (self.search, self.mask) = (search, mask) }

  public init(from decoder: any Decoder) throws {
    self.init()
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    switch try fields.decode(.search, default: SearchName.exact) {
    case .exact:
      try fields.refuse([.steps, .learningRate], "belongs to gradient search")
      search = .exact(ridge: try fields.number(.ridge, default: Self.defaultRidge, in: 0...))
    case .gradient:
      try fields.refuse([.ridge], "belongs to exact search")
      search = .gradient(
        steps: try fields.count(.steps, upTo: 1 << 40) ?? Self.defaultSteps,
        learningRate: Float(
          try fields.number(.learningRate, default: Double(Self.defaultLearningRate), in: 1e-12...1e6)))
    }
    let isAbsolute = try fields.decode(.maskAbsolute, default: false)
    if let top = try fields.decodeIfPresent(CountOrAll.self, forKey: .maskTop) {
      mask = top.count.map { isAbsolute ? .topAbsolute($0) : .top($0) } ?? .all
    } else if isAbsolute {
      mask = .topAbsolute(8192)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    switch search {
    case .exact(let ridge):
      try fields.encode(SearchName.exact, forKey: .search)
      try fields.encode(ridge, forKey: .ridge)
    case .gradient(let steps, let learningRate):
      try fields.encode(SearchName.gradient, forKey: .search)
      try fields.encode(steps, forKey: .steps)
      try fields.encode(learningRate, forKey: .learningRate)
    }
    switch mask {
    case .all: try fields.encode(CountOrAll(count: nil), forKey: .maskTop)
    case .top(let count): try fields.encode(CountOrAll(count: count), forKey: .maskTop)
    case .topAbsolute(let count):
      try fields.encode(CountOrAll(count: count), forKey: .maskTop)
      try fields.encode(true, forKey: .maskAbsolute)
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    var anchors = words.target.all()
    anchors.normalizeRows()
    switch search {
    case .exact(let ridge):
      return FittedExactSearch(
        search: ExactSearch(ridge: ridge).fitted(anchors, mask: mask, context.parallelism), mask: mask)
    case .gradient(let steps, let learningRate):
      return FittedGradientSearch(
        search: GradientSearch(steps: steps, learningRate: learningRate), anchors: anchors, mask: mask)
    }
  }

  /// Of exact search; a gradient search is chosen along its way.
  public func fitCandidates(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> [Candidate] {
    guard !isGradient else { return [] }
    var anchors = words.target.all()
    anchors.normalizeRows()
    return ExactSearch.fitted(RidgeGrid.ridges, anchors, mask: mask, context.parallelism).map { search in
      Candidate(
        method: RelativeSearch(.exact(ridge: search.ridge), mask: mask),
        fitted: FittedExactSearch(search: search, mask: mask), setting: ["ridge": "\(search.ridge)"])
    }
  }
}

private struct FittedExactSearch: FittedMethod {
  let search: ExactSearch.Fitted
  let mask: AnchorMask

  func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried { carry([(prompts, context)])[0] }

  /// All vectors in one search: its passes over the anchors are what takes the time.
  func carry(_ jobs: [(prompts: SourcePrompts, context: CarryContext)]) -> [Carried] {
    guard let parallelism = jobs.first?.context.parallelism else { return [] }
    let found = search.directions(
      RelativeCode(stacking: jobs.map { $0.prompts.code(mask) }), parallelism: parallelism)
    var end = 0
    return jobs.map { prompts, _ in
      let rows = end..<end + prompts.vectorCount
      end = rows.upperBound
      var carried = Carried(vectors: found.vectors.gathering(rows))
      carried.isConverged = found.isConverged[rows].allSatisfy { $0 }
      return carried
    }
  }
}

private struct FittedGradientSearch: FittedMethod {
  let search: GradientSearch
  /// (K, Ct), rows of unit length
  let anchors: Matrix
  let mask: AnchorMask

  func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
    let result = search.run(
      prompts.code(mask), unitAnchors: anchors,
      start: GradientSearch.start(
        rows: prompts.vectorCount, columns: anchors.columns, seed: context.seed),
      normalization: context.normalization, snapshotCount: context.snapshotCount,
      snapshot: context.snapshot, progress: { context.progress($0, search.steps) },
      shouldStop: context.shouldStop)
    var carried = Carried(vectors: result.vectors)
    carried.isNormalized = true
    carried.isInterrupted = result.losses.count < search.steps
    return carried
  }
}
