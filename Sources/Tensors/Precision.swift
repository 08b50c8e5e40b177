import CKernels

/// What products with a model's weights are computed in. Sums, and all that is no product with a weight, are Float32.
public enum Precision: String, Sendable, Codable, CaseIterable {
  case f32
  /// Both operands of a product rounded to BFloat16, once.
  case bf16
  /// To Float16, which has three bits more and ends at 65,504. On a GPU only.
  case f16

  /// Whether operands have 16 bits.
  package var isNarrow: Bool { self != .f32 }

  /// Whether this processor has instructions for it; without them it is no faster than Float32.
  package static var hasFastBFloat16: Bool { kernels_multiply_pairs_fast(kernels_best()) != 0 }

  /// How the kernels lay weights out for it.
  var panels: PanelKernels {
    switch self {
    case .f32: kernels.panels
    case .bf16: kernels.pairs
    case .f16: preconditionFailure("this processor's products are not in Float16")
    }
  }
}
