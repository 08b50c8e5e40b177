import CKernels

/// What products with a model's weights are computed in. Sums, and all that is no product with a weight, are Float32.
public enum Precision: String, Sendable, Codable, CaseIterable {
  case f32
  /// Both operands of a product rounded to BFloat16, once.
  case bf16

  /// Whether this processor has instructions for it; without them it is no faster than Float32.
  package static var hasFastBFloat16: Bool { kernels_multiply_pairs_fast(kernels_best()) != 0 }

  /// How the kernels lay weights out for it.
  var panels: PanelKernels { self == .bf16 ? kernels.pairs : kernels.panels }
}
