import Synchronization
import Tensors

/// The cosines and sines of a model's rotary positions, worked out when they are first needed and shared by its layers.
final class RotationStore: Sendable {
  private struct Key: Hashable {
    let rotary: Rotary
    let variant: Int
  }

  private let known: Mutex<[Key: Rotation]> = Mutex([:])

  /// For sequences of that length: at least so many positions.
  func rotation(_ rotary: Rotary, length: Int) -> Rotation {
    let key = Key(rotary: rotary, variant: rotary.variant(length: length))
    return known.withLock { known in
      if let rotation = known[key], rotation.positions >= length { return rotation }
      let positions = max(length, 64, 2 * (known[key]?.positions ?? 0))
      let rotation = rotary.rotation(length: length, positions: positions)
      known[key] = rotation
      return rotation
    }
  }
}
