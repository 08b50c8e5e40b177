import CUDA
import Checkpoints
import Formats
import Foundation
import Synchronization
import Tensors

/// Where a model is to be run.
///
/// GPUs have the numbers of those that `CUDA_VISIBLE_DEVICES` shows. Where none is given one model takes the first, and an experiment
/// takes all of them.
public enum DeviceChoice: Sendable, Hashable, LosslessStringConvertible {
  /// A GPU where there is one on which the model fits, else this processor.
  case preferring(Int?)
  case cpu
  /// A GPU.
  case cuda(Int?)

  public static let auto = DeviceChoice.preferring(nil)

  /// `auto`, `cpu`, `cuda` or `cuda:N`.
  public init?(_ text: String) {
    switch text {
    case "auto": self = .auto
    case "cpu": self = .cpu
    case "cuda": self = .cuda(nil)
    default:
      guard text.hasPrefix("cuda:"), let number = Int(text.dropFirst(5)), (0..<1024).contains(number) else {
        return nil
      }
      self = .cuda(number)
    }
  }

  public var description: String {
    switch self {
    case .preferring(let number): "auto" + (number.map { ":\($0)" } ?? "")
    case .cpu: "cpu"
    case .cuda(let number): "cuda" + (number.map { ":\($0)" } ?? "")
    }
  }

  /// One for each GPU that it stands for; itself where that is none.
  package var each: [DeviceChoice] {
    func all(_ one: (Int) -> DeviceChoice) -> [DeviceChoice] {
      let count = (try? Self.count()) ?? 0
      return count == 0 ? [self] : (0..<count).map(one)
    }
    switch self {
    case .preferring(nil): return all { .preferring($0) }
    case .cuda(nil): return all { .cuda($0) }
    case .preferring, .cpu, .cuda: return [self]
    }
  }

  /// The GPU that models run on where they fit; nil where that is none.
  public var name: String? {
    switch self {
    case .cpu: nil
    case .preferring(let number), .cuda(let number): (try? Self.open(number))?.name
    }
  }

  /// What stands for GPUs in tests.
  package static let substitutes: Mutex<[any Device]> = Mutex([])

  private static func count() throws(DeviceError) -> Int {
    let substitutes = substitutes.withLock { $0.count }
    return try substitutes > 0 ? substitutes : GPU.count()
  }

  /// - Parameter number: nil for the first
  fileprivate static func open(_ number: Int?) throws(DeviceError) -> any Device {
    let (number, substitutes) = (number ?? 0, substitutes.withLock { $0 })
    if substitutes.indices.contains(number) { return substitutes[number] }
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
  /// Nil for what suits the device: Float32 on this processor; on a GPU Float16 for models that are stored in it, else BFloat16.
  public var precision: PrecisionChoice?

  public init(device: DeviceChoice = .cpu, precision: PrecisionChoice? = nil) {
    (self.device, self.precision) = (device, precision)
  }

  /// The network of a checkpoint's folder or a GGUF file. Throws where it cannot be run, or not there.
  package func network(_ folder: URL) throws(CheckpointError) -> any Network {
    let checkpoint = try Checkpoint(runnable: folder)
    let operands = try operands(of: checkpoint)
    switch device {
    case .cpu: break
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
    case .preferring(let number):
      if let gpu = try? DeviceChoice.open(number),
        (try? requireRoom(for: checkpoint, operands, on: gpu)) != nil,
        let model = try? CUDAModel(checkpoint, precision: operands, device: gpu)
      {
        return model
      }
    }
    return try FrozenModel(checkpoint, precision: precision ?? .f32)
  }

  /// What products are in on a GPU.
  private func operands(of checkpoint: Checkpoint) throws(CheckpointError) -> Precision {
    switch precision {
    case .f32: return .f32
    case .bf16: return .bf16
    case .f16: return .f16
    case .auto, nil:
      let file = checkpoint.folder.appendingPathComponent("config.json")
      let isInRange = try !ModelConfiguration(checkpoint.configuration, file: file).passesFloat16
      return checkpoint.isInFloat16 && isInRange ? .f16 : .bf16
    }
  }

  /// Throws where the weights, and something to work with, find no room.
  private func requireRoom(
    for checkpoint: Checkpoint, _ precision: Precision, on device: any Device
  ) throws(DeviceError) {
    let numbers = checkpoint.tensorNames.reduce(0) { sum, name in
      sum + (checkpoint.shape(name) ?? []).reduce(1, *)
    }
    let wanted = numbers * (precision.isNarrow ? 2 : 4) + Self.workingMemory
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
