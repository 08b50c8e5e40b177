import Checkpoints
import Tensors

/// What a model is to be computed in: as is said, or as suits it.
public enum PrecisionChoice: String, Sendable, CaseIterable {
  /// BFloat16 where all matrices of the checkpoint are stored in 16 bits and the processor has instructions for it.
  case auto
  case f32
  case bf16
  /// On a GPU only.
  case f16

  public init(_ precision: Precision) {
    switch precision {
    case .f32: self = .f32
    case .bf16: self = .bf16
    case .f16: self = .f16
    }
  }

  /// On this processor.
  func precision(of checkpoint: Checkpoint) throws(CheckpointError) -> Precision {
    switch self {
    case .auto: return Precision.hasFastBFloat16 && checkpoint.isIn16Bits ? .bf16 : .f32
    case .f32: return .f32
    case .bf16: return .bf16
    case .f16:
      throw CheckpointError(
        file: checkpoint.folder, item: "--precision f16",
        "is for GPUs: this processor multiplies in f32 and bf16")
    }
  }
}
