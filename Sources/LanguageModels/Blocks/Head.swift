import Tensors

/// The top of a model: steps, then the product with the output matrix.
struct Head: Sendable {
  enum Step: Sendable {
    case norm(Norm)
    case map(StoredMap)
    case activation(ActivationFunction)
    case scale(Double)
  }

  /// The output matrix, (V, E), under the first of these names that is there.
  enum Output: Sendable {
    /// The word table, unless another matrix is stored.
    case tied(orStored: [String])
    case stored([String])

    init(_ names: String..., isTied: Bool) { self = isTied ? .tied(orStored: names) : .stored(names) }

    var names: [String] {
      switch self {
      case .tied(let names), .stored(let names): names
      }
    }
  }

  let steps: [Step]
  let output: Output
  /// The output bias; nil where there is none.
  var bias: String?
  /// Logits become `cap tanh(logit / cap)`.
  var cap: Double?
}
