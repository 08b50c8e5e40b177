import Tensors

/// Discretisation: the nearest anchor of each vector (by cosine), in the target.
public struct NearestWord: TransferMethod {
  public static let name = "discretize"
  public static let summary = "the nearest shared word of each vector"

  public init() {}

  private struct Fitted: FittedMethod {
    func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
      let target = prompts.words.target
      return Carried(vectors: target.keeping(prompts.code(.all).nearestAnchors).all())
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod { Fitted() }
}

/// Naive decoding: the target's anchors, summed with the similarities as weights.
public struct WeightedWords: TransferMethod {
  public static let name = "naive"
  public static let summary = "the target's words summed with the similarities as weights"

  public var findsDirectionsOnly: Bool { true }

  public init() {}

  private struct Fitted: FittedMethod {
    let anchors: Matrix  // (K, Ct)

    func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
      var sum = Matrix(rows: prompts.vectorCount, columns: anchors.columns)
      sum.multiply(prompts.code(.all).similarities, anchors)
      return Carried(vectors: sum)
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod { Fitted(anchors: words.target.all()) }
}
