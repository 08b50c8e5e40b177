import CUDA
import Checkpoints
import Tensors

/// Takes a model's weights to a device.
struct CUDAWeights {
  var reader: WeightReader
  let queue: DeviceQueue

  /// What is thrown on the way to a device, told as of the checkpoint.
  private func send<Value>(_ body: () throws(DeviceError) -> Value) throws(CheckpointError) -> Value {
    do { return try body() } catch {
      throw CheckpointError(
        file: reader.folder, "does not go onto the device: \(error)", hint: "--device cpu runs it here")
    }
  }

  mutating func map(_ map: StoredMap) throws(CheckpointError) -> DeviceMap { try maps([map]) }

  /// Several maps of the same input as one, their outputs side by side.
  mutating func maps(_ maps: [StoredMap]) throws(CheckpointError) -> DeviceMap {
    var (weights, biases): ([Matrix], [Matrix]) = ([], [])
    for map in maps {
      let parts = try reader.parts(map)
      weights.append(parts.matrix())
      biases.append(parts.bias)
    }
    let whole = weights.count == 1 ? weights[0] : Matrix(stacking: weights)
    let weight = try send { () throws(DeviceError) in
      let weight = queue.operands()
      try upload([whole], rows: whole.rows, to: weight)
      return weight
    }
    let bias = biases.flatMap(\.elements)
    return try map(weight, bias: Matrix(rows: 1, columns: bias.count, bias))
  }

  /// A table as operands, some rows at a time.
  func table(_ table: FrozenWeight) throws(CheckpointError) -> DeviceMatrix {
    try send { () throws(DeviceError) in
      let target = queue.operands()
      let size = max(1, Self.block / max(1, table.columns))
      let blocks = stride(from: 0, to: table.rows, by: size).lazy.map { first in
        var block = Matrix(uninitializedRows: min(size, table.rows - first), columns: table.columns)
        let place = block.mutablePointer()
        for row in 0..<block.rows { table.copy(row: first + row, to: place + row * table.columns) }
        return block
      }
      try upload(blocks, rows: table.rows, to: target)
      table.releasePages()
      return target
    }
  }

  /// Numbers that are rounded on the device at a time: 64 MB.
  private static let block = 1 << 24

  private func upload(
    _ blocks: some Sequence<Matrix>, rows: Int, to target: DeviceMatrix
  ) throws(DeviceError) {
    let scratch = queue.floats()
    var first = 0
    for block in blocks {
      if first == 0 { try target.resize(rows: rows, columns: block.columns) }
      if queue.precision == .f32 {
        try queue.stream.upload(
          UnsafeRawBufferPointer(start: block.pointer, count: block.count * 4), to: target.address(row: first)
        )
      } else {
        try queue.upload(block, to: scratch)
        try queue.round(scratch, to: target.address(row: first))
      }
      first += block.rows
    }
  }

  /// A map that lies on the device already.
  func map(_ weight: DeviceMatrix, bias: Matrix) throws(CheckpointError) -> DeviceMap {
    try send { () throws(DeviceError) in
      guard bias.elements.contains(where: { $0 != 0 }) else {
        return try DeviceMap(weight: weight, bias: nil, queue)
      }
      let numbers = queue.floats()
      try queue.upload(bias, to: numbers)
      return try DeviceMap(weight: weight, bias: numbers, queue)
    }
  }

  mutating func norm(_ norm: Norm) throws(CheckpointError) -> DeviceNorm {
    let read = try reader.norm(norm)
    return try send { () throws(DeviceError) in
      switch read {
      case .layer(let norm): try DeviceNorm(norm, queue)
      case .rms(let norm): try DeviceNorm(norm, queue)
      }
    }
  }

  func floats(_ matrix: Matrix) throws(CheckpointError) -> DeviceMatrix {
    try send { () throws(DeviceError) in
      let target = queue.floats()
      try queue.upload(matrix, to: target)
      return target
    }
  }
}
