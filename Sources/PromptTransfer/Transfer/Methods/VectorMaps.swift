import Tensors

/// A map from a source's space to the target's.
public protocol VectorMap: Sendable {
  /// (P, Cs) to (P, Ct).
  func apply(_ vectors: Matrix) -> Matrix
}

/// A matrix (Cs, Ct).
struct MatrixMap: VectorMap {
  let weight: Matrix

  func apply(_ vectors: Matrix) -> Matrix {
    var result = Matrix(rows: vectors.rows, columns: weight.columns)
    result.multiply(vectors, weight)
    return result
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
