import CUDA
import Checkpoints
import Formats
import Foundation
import Synchronization
import Tensors

/// Where a model is to be run.
public enum DeviceChoice: Sendable, Hashable, LosslessStringConvertible {
  /// The first GPU where there is one on which the model fits, else this processor.
  case auto
  case cpu
  /// A GPU by its number, of those that `CUDA_VISIBLE_DEVICES` shows.
  case cuda(Int)

  /// `auto`, `cpu`, `cuda` or `cuda:N`.
  public init?(_ text: String) {
    switch text {
    case "auto": self = .auto
    case "cpu": self = .cpu
    case "cuda": self = .cuda(0)
    default:
      guard text.hasPrefix("cuda:"), let number = Int(text.dropFirst(5)), (0..<1024).contains(number) else {
        return nil
      }
      self = .cuda(number)
    }
  }

  public var description: String {
    switch self {
    case .auto: "auto"
    case .cpu: "cpu"
    case .cuda(let number): "cuda:\(number)"
    }
  }

  /// The GPU that models run on where they fit; nil where that is none.
  public var name: String? {
    switch self {
    case .cpu: nil
    case .auto: (try? Self.open(0))?.name
    case .cuda(let number): (try? Self.open(number))?.name
    }
  }

  /// What stands for GPUs in tests.
  package static let substitute: Mutex<(any Device)?> = Mutex(nil)

  fileprivate static func open(_ number: Int) throws(DeviceError) -> any Device {
    if let substitute = substitute.withLock({ $0 }) { return substitute }
    return try GPU.opened(number)
  }

  /// What was found of GPUs and of what they need, a line each.
  public static var found: [String] {
    do throws(DeviceError) {
      return try (0..<GPU.count()).map { number in
        do throws(DeviceError) { return "cuda:\(number) \(try GPU.opened(number).description)" } catch {
          return "cuda:\(number) cannot be used: \(error)"
        }
      }
    } catch { return ["none: \(error)"] }
  }
}

/// How a model is run: where, and what its products are computed in.
public struct Computing: Sendable, Hashable {
  public var device: DeviceChoice
  /// Nil for what suits the device: Float32 on this processor, BFloat16 on a GPU.
  public var precision: PrecisionChoice?

  public init(device: DeviceChoice = .cpu, precision: PrecisionChoice? = nil) {
    (self.device, self.precision) = (device, precision)
  }

  /// The network of a checkpoint's folder or a GGUF file. Throws where it cannot be run, or not there.
  package func network(_ folder: URL) throws(CheckpointError) -> any Network {
    if device == .cpu { return try FrozenModel(folder: folder, precision: precision ?? .f32) }
    let checkpoint = try Checkpoint(runnable: folder)
    let operands = precision == .f32 ? Precision.f32 : .bf16
    switch device {
    case .cuda(let number):
      let gpu: any Device
      do throws(DeviceError) {
        gpu = try DeviceChoice.open(number)
        try requireRoom(for: checkpoint, operands, on: gpu)
      } catch {
        throw CheckpointError(
          file: folder, item: "--device \(device)", "cannot be used: \(error)",
          hint: "--device cpu runs it here")
      }
      return try CUDAModel(checkpoint, precision: operands, device: gpu)
    case .auto, .cpu:
      if let gpu = try? DeviceChoice.open(0), (try? requireRoom(for: checkpoint, operands, on: gpu)) != nil,
        let model = try? CUDAModel(checkpoint, precision: operands, device: gpu)
      {
        return model
      }
      return try FrozenModel(checkpoint, precision: precision ?? .f32)
    }
  }

  /// Throws where the weights, and something to work with, find no room.
  private func requireRoom(
    for checkpoint: Checkpoint, _ precision: Precision, on device: any Device
  ) throws(DeviceError) {
    let numbers = checkpoint.tensorNames.reduce(0) { sum, name in
      sum + (checkpoint.shape(name) ?? []).reduce(1, *)
    }
    let wanted = numbers * (precision == .bf16 ? 2 : 4) + Self.workingMemory
    let free = try device.memory.free
    if wanted > free { throw .outOfMemory(device: device.name, wanted: wanted, free: free) }
  }

  /// 256 MB for activations, which are as many as batches want.
  private static let workingMemory = 256 << 20
}

extension Checkpoint {
  /// The configuration is read first: of a model that cannot be run, weights need not be there.
  init(runnable folder: URL) throws(CheckpointError) {
    if !GGUFMetadata.isNamed(folder) {
      let file = folder.appendingPathComponent("config.json")
      _ = try ModelConfiguration(JSON(contentsOf: file, as: .python), file: file)
    }
    try self.init(folder: folder)
  }
}
