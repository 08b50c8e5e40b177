import Checkpoints
import Tensors

/// What a model is to be computed in: as is said, or as suits it.
public enum PrecisionChoice: String, Sendable, CaseIterable {
  /// BFloat16 where all matrices of the checkpoint are stored in 16 bits and the processor has instructions for it.
  case auto
  case f32
  case bf16

  public init(_ precision: Precision) { self = precision == .bf16 ? .bf16 : .f32 }

  func precision(of checkpoint: Checkpoint) -> Precision {
    switch self {
    case .auto: Precision.hasFastBFloat16 && checkpoint.isIn16Bits ? .bf16 : .f32
    case .f32: .f32
    case .bf16: .bf16
    }
  }
}
