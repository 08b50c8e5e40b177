import CUDA
import Synchronization
import Tensors

/// The cosines and sines of a model's rotary positions on a device, worked out when they are first needed. Sequences of several lengths may
/// be turned by several sets of frequencies: their rows follow one another.
final class CUDARotations: Sendable {
  private struct Table: Sendable {
    var cosines = Matrix(rows: 0, columns: 0)
    var sines = Matrix(rows: 0, columns: 0)
    /// Where the positions of each variant begin, and how many there are.
    var variants: [Int: (first: Int, count: Int)] = [:]
  }

  private let tables: Mutex<[Rotary: Table]> = Mutex([:])

  /// The row of position 0 for sequences of that length.
  func first(_ rotary: Rotary, length: Int) -> Int {
    tables.withLock { tables in
      var table = tables[rotary] ?? Table()
      let variant = rotary.variant(length: length)
      if let known = table.variants[variant], known.count >= length { return known.first }
      // What is there stays where it is: a batch may be at work with it.
      let count = max(length, 64, 2 * (table.variants[variant]?.count ?? 0))
      let rotation = rotary.rotation(length: length, positions: count)
      let first = table.cosines.rows
      table.variants[variant] = (first, count)
      table.cosines = first == 0 ? rotation.cosines : Matrix(stacking: [table.cosines, rotation.cosines])
      table.sines = first == 0 ? rotation.sines : Matrix(stacking: [table.sines, rotation.sines])
      tables[rotary] = table
      return first
    }
  }

  /// All that is known, of positions that were asked for.
  func angles(_ rotary: Rotary) -> (cosines: Matrix, sines: Matrix) {
    tables.withLock {
      ($0[rotary]?.cosines ?? Matrix(rows: 0, columns: 0), $0[rotary]?.sines ?? Matrix(rows: 0, columns: 0))
    }
  }
}

/// A workspace's own copy of them, sent when they have grown.
final class CUDARotationCopies {
  private var copies: [Rotary: DeviceRotation] = [:]

  func update(
    _ rotaries: [Rotary], from store: CUDARotations, _ queue: DeviceQueue
  ) throws(DeviceError) {
    for rotary in rotaries {
      let angles = store.angles(rotary)
      if let known = copies[rotary], known.cosines.rows == angles.cosines.rows { continue }
      let copy = DeviceRotation(cosines: queue.floats(), sines: queue.floats())
      try queue.upload(angles.cosines, to: copy.cosines)
      try queue.upload(angles.sines, to: copy.sines)
      copies[rotary] = copy
    }
  }

  subscript(rotary: Rotary) -> DeviceRotation {
    guard let found = copies[rotary] else { preconditionFailure("these positions were not sent") }
    return found
  }
}
