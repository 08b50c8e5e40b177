import Tensors

/// A map from a source's space to the target's.
public protocol VectorMap: Sendable {
  /// (P, Cs) to (P, Ct).
  func apply(_ vectors: Matrix) -> Matrix
}

/// A matrix, between centred spaces where there are means: `(p - mus) W + mut`.
struct MatrixMap: VectorMap {
  let weight: Matrix  // (Cs, Ct)
  var means: PairedMeans?

  func apply(_ vectors: Matrix) -> Matrix {
    let vectors = means.map { vectors.addingToRows($0.source, scaledBy: -1) } ?? vectors
    let result = vectors.product(weight)
    return means.map { result.addingToRows($0.target) } ?? result
  }
}

/// A map for each source, found by itself. What they carry is put together as ``SourceMean`` says.
struct FittedMaps: FittedMethod {
  let maps: [any VectorMap]
  var isInterrupted = false
  var adjustments: [String: String] = [:]

  /// - Parameter find: the map from one source's anchors to the target's
  init(
    _ words: SharedVocabulary, _ find: (_ source: AnchorRows, _ target: AnchorRows) -> any VectorMap
  ) {
    maps = words.sources.map { find($0, words.target) }
  }

  init(_ maps: [any VectorMap]) { self.maps = maps }

  func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
    Carried(
      vectors: SourceMean.of(prompts.parts.map { (maps[$0.source].apply($0.vectors), $0.weight) }))
  }
}
