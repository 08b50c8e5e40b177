import Tensors

/// The top of a model: steps, then the product with the output matrix.
struct Head: Sendable {
  enum Step: Sendable {
    case norm(Norm)
    case map(StoredMap)
    case activation(ActivationFunction)
  }

  /// The output matrix, (V, E).
  enum Output: Sendable {
    /// The word table, unless another matrix is stored under this name.
    case tied(orStored: String)
    case stored(String)

    var name: String {
      switch self {
      case .tied(let name), .stored(let name): name
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
