/// A normalisation of rows, as a checkpoint stores it.
struct Norm: Sendable {
  enum Kind: Sendable {
    /// LayerNorm with a weight, and a bias where it has one.
    case layer(hasBias: Bool)
    /// Root mean square, with a weight.
    case rms
    /// Root mean square, with `1 + weight` (Gemma).
    case rmsOnePlus
  }

  /// Without the ending `.weight`.
  let name: String
  let kind: Kind
  /// Of what is normalised: a row, or a head's part of it.
  let width: Int
  let epsilon: Float
}
