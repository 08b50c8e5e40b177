/// How a prompt gets to its target.
public enum TransferMethod: Sendable, Equatable {
  /// The paper's: similarities to shared words, kept.
  case relative(Search, mask: AnchorMask)
  /// The map that pairs the directions along which the anchors of both models agree, each shrunk by its correlation to the power
  /// of `shrinkage`.
  case canonical(ridge: Double, shrinkage: Double)
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

  /// Settings where none is asked for. Ridges and shrinkage were chosen once, on the models that ship with the project.
  public static let canonicalRidge = 1.0
  public static let linearRidge = 1.0
  public static let relativeRidge = 0.1
  public static let shrinkage = 0.5
  /// The paper's search.
  public static let steps = 2000
  public static let learningRate: Float = 5e-3
  public static let maskCount = 8192

  public var name: String {
    switch self {
    case .relative: "relative"
    case .canonical: "canonical"
    case .linear: "linear"
    case .procrustes: "procrustes"
    case .projector: "projector"
    case .discretize: "discretize"
    case .naive: "naive"
    case .copy: "copy"
    case .random: "random"
    }
  }

  /// The ridge, of methods that have one.
  public var ridge: Double? {
    switch self {
    case .relative(.exact(let ridge), _), .canonical(let ridge, _), .linear(let ridge): ridge
    default: nil
    }
  }

  /// The same with another ridge; nil without one.
  public func withRidge(_ ridge: Double) -> TransferMethod? {
    switch self {
    case .relative(.exact, let mask): .relative(.exact(ridge: ridge), mask: mask)
    case .canonical(_, let shrinkage): .canonical(ridge: ridge, shrinkage: shrinkage)
    case .linear: .linear(ridge: ridge)
    default: nil
    }
  }

  /// Which anchors count for a vector.
  var mask: AnchorMask { if case .relative(_, let mask) = self { mask } else { .all } }

  /// Whether anchors are needed at all.
  var needsAnchors: Bool { self != .copy && self != .random }
}
