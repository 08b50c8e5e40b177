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
      try upload(whole, to: weight)
      return weight
    }
    let bias = biases.flatMap(\.elements)
    return try map(weight, bias: Matrix(rows: 1, columns: bias.count, bias))
  }

  /// A table as operands.
  func table(_ table: FrozenWeight) throws(CheckpointError) -> DeviceMatrix {
    try send { () throws(DeviceError) in
      let target = queue.operands()
      var block = Matrix(rows: 0, columns: 0)
      try upload(rows: table.rows, columns: table.columns, to: target) { rows in
        block.resize(rows: rows.count, columns: table.columns)
        let place = block.mutablePointer()
        for row in rows { table.copy(row: row, to: place + (row - rows.lowerBound) * table.columns) }
        return block.pointer
      }
      table.releasePages()
      return target
    }
  }

  private func upload(_ matrix: Matrix, to target: DeviceMatrix) throws(DeviceError) {
    try upload(rows: matrix.rows, columns: matrix.columns, to: target) {
      matrix.pointer + $0.lowerBound * matrix.columns
    }
  }

  /// Some rows at a time, which are rounded on the device.
  private func upload(
    rows: Int, columns: Int, to target: DeviceMatrix, _ block: (Range<Int>) -> UnsafePointer<Float>
  ) throws(DeviceError) {
    try target.resize(rows: rows, columns: columns)
    let scratch = queue.floats()
    let size = max(1, Self.block / max(1, columns))
    for first in stride(from: 0, to: rows, by: size) {
      let count = min(size, rows - first)
      let bytes = UnsafeRawBufferPointer(start: block(first..<first + count), count: count * columns * 4)
      if queue.precision == .f32 {
        try queue.stream.upload(bytes, to: target.address(row: first))
      } else {
        try scratch.resize(rows: count, columns: columns)
        try queue.stream.upload(bytes, to: scratch.address)
        try queue.round(scratch, to: target.address(row: first))
      }
    }
  }

  /// Numbers at a time: 64 MB.
  private static let block = 1 << 24

  func part(_ outputs: Range<Int>, of map: DeviceMap) throws(CheckpointError) -> DeviceMap {
    try send { () throws(DeviceError) in try DeviceMap(outputs, of: map, queue) }
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
