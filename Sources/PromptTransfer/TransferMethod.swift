/// How a prompt gets to its target.
public enum TransferMethod: Sendable, Equatable {
  /// The paper's: similarities to shared words, kept.
  case relative(Search, mask: AnchorMask)
  /// The linear map that takes the source's anchors to the target's with the least squared error.
  case linear(ridge: Double)
  /// The rotation that takes the source's anchors closest to the target's.
  case procrustes
  /// A network of two layers, trained to take the source's anchors to the target's.
  case projector(ProjectorSettings)
  /// The nearest anchor of each vector (by cosine), in the target.
  case discretize
  /// The target's anchors, summed with the similarities as weights.
  case naive
  /// The vectors as they are: equal widths and one source only.
  case copy
  /// Nothing carried: normal entries with the mean and deviation of the target's words.
  case random

  public enum Search: Sendable, Equatable {
    case exact(ridge: Double)
    case gradient(steps: Int, learningRate: Float)
  }

  public var name: String {
    switch self {
    case .relative: "relative"
    case .linear: "linear"
    case .procrustes: "procrustes"
    case .projector: "projector"
    case .discretize: "discretize"
    case .naive: "naive"
    case .copy: "copy"
    case .random: "random"
    }
  }

  /// Whether anchors are needed at all.
  var needsAnchors: Bool { self != .copy && self != .random }
}
