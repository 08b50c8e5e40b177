import Tensors

/// The vectors as they are: equal widths and one source only.
public struct Copy: TransferMethod {
  public static let name = "copy"
  public static let summary = "the vectors as they are, between equal widths"
  public static let readsWords = false
  public static let normalization = NormalizationRule.none

  public init() {}

  private struct Fitted: FittedMethod {
    func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
      Carried(vectors: prompts.parts[0].vectors)
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    guard words.sources.count == 1 else {
      throw TransferError("method copy", "takes one source, not \(words.sources.count)")
    }
    let (source, target) = (words.sources[0], words.target)
    guard source.width == target.width else {
      throw TransferError(
        "method copy",
        "\(source.space.name) has width \(source.width), \(target.space.name) has \(target.width)",
        hint: "Vectors can only be copied between equal widths")
    }
    return Fitted()
  }
}

/// A mark that looks at the target's table alone.
protocol TableMark: TransferMethod {}

extension TableMark {
  public static var readsWords: Bool { false }
  public static var readsPrompts: Bool { false }
  public static var normalization: NormalizationRule { .none }
}

/// Nothing carried: vectors with the mean and the covariance of the rows of the target's table (Hewitt 2021).
public struct NormalVectors: TableMark {
  public static let name = "normal"
  public static let summary =
    "nothing carried: vectors drawn with the mean and covariance of the target's rows"

  public init() {}

  private struct Fitted: FittedMethod {
    let mean: [Double]
    /// The Cholesky factor of the sums about the mean, whose covariance is that over `count`.
    let factor: CholeskyFactor
    let count: Int

    func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
      var stream = RandomStream(seed: context.seed, name: "transfer.normal")
      let (height, width) = (prompts.vectorCount, mean.count)
      let scale = 1 / Double(max(1, count)).squareRoot()
      var draws = (0..<height * width).map { _ in scale * stream.normal() }
      factor.apply(.transposed, fromRightTo: &draws, rows: height)
      return Carried(
        vectors: Matrix(rows: height, columns: width, draws.map { Float($0) }).addingToRows(mean))
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    let table = words.target.space.table
    let mean = table.mean()
    var gram = GramMatrix(width: table.width)
    table.forEachBlock { gram.add($0, parallelism: context.parallelism) }
    gram.centre(on: mean, count: table.rowCount)
    return Fitted(mean: mean, factor: gram.factored(ridge: 0), count: table.rowCount)
  }
}

/// Nothing carried: every vector is the mean of the rows of the target's table.
public struct MeanVector: TableMark {
  public static let name = "mean"
  public static let summary = "nothing carried: the mean of the target's rows"

  public init() {}

  private struct Fitted: FittedMethod {
    let mean: [Double]

    func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
      Carried(vectors: Matrix(rows: prompts.vectorCount, columns: mean.count).addingToRows(mean))
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod { Fitted(mean: words.target.space.table.mean()) }
}

/// Nothing carried: independent normal entries with the mean and deviation of the target's table.
public struct RandomVectors: TableMark {
  public static let name = "random"
  public static let summary = "nothing carried: vectors drawn with the target's mean and deviation"

  public init() {}

  private struct Fitted: FittedMethod {
    let width: Int
    let mean, deviation: Double

    func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
      var stream = RandomStream(seed: context.seed, name: "transfer.random")
      return Carried(
        vectors: stream.normalMatrix(
          rows: prompts.vectorCount, columns: width, mean: mean, deviation: deviation))
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    let (mean, deviation) = words.target.space.table.moments()
    return Fitted(width: words.target.width, mean: mean, deviation: deviation)
  }
}
