/// Heads, and who sees whom.
struct AttentionShape: Sendable {
  /// Which keys a token sees.
  enum View: Sendable {
    case all
    /// Itself and what came before it; of that only the last ones where there is a window, itself counted.
    case past(window: Int?)
    /// Those not further away than this, on both sides.
    case near(Int)

    /// How many keys before and after its own place; nil for all.
    var reach: (before: Int?, after: Int?) {
      switch self {
      case .all: (nil, nil)
      case .past(let window): (window.map { $0 - 1 }, 0)
      case .near(let distance): (distance, distance)
      }
    }
  }

  let heads: Int  // H
  /// Heads of keys and values, a divisor of H.
  let keyHeads: Int
  let headWidth: Int  // D
  /// What scores are multiplied by.
  let scale: Double
  /// Scores become `cap tanh(score / cap)`.
  var cap: Double?
  let view: View
  var rotary: Rotary?
  var bias: RelativeBias?

  var width: Int { heads * headWidth }
  var keyWidth: Int { keyHeads * headWidth }
}

/// Queries, keys, values and the map after attention.
struct SelfAttention: Sendable {
  let shape: AttentionShape
  let query, key, value, output: StoredMap
  /// Of queries and keys, before they are turned: of each head's part of them, or of all.
  var queryNorm, keyNorm: Norm?
}
