import PromptTransfer

extension Method {
  /// How vectors are carried; what is trained on the target starts from the default.
  var transferMethod: TransferMethod {
    switch method {
    case .linear: .linear(ridge: ridge ?? TransferMethod.linearRidge)
    case .relative:
      .relative(
        search == .gradient
          ? .gradient(
            steps: steps ?? TransferMethod.steps,
            learningRate: learningRate ?? TransferMethod.learningRate)
          : .exact(ridge: ridge ?? TransferMethod.relativeRidge), mask: mask)
    case .procrustes: .procrustes
    case .projector: .projector(ProjectorSettings())
    case .discretize: .discretize
    case .naive: .naive
    case .copy: .copy
    case .random: .random
    default:
      .canonical(
        ridge: ridge ?? TransferMethod.canonicalRidge, shrinkage: shrinkage ?? TransferMethod.shrinkage)
    }
  }

  /// Copied and random vectors are left as they are.
  var normalization: NormalizationRule {
    normalize ?? (method == .copy || method == .random ? .none : .strength)
  }

  private var mask: AnchorMask {
    guard let maskTop else { return .all }
    return maskAbsolute == true ? .topAbsolute(maskTop) : .top(maskTop)
  }
}
