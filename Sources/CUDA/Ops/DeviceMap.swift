import Tensors

/// A frozen map `y = x W^T + b` on a device.
package struct DeviceMap: Sendable {
  package let outputs, inputs: Int
  private let weight: DeviceMatrix  // (V, inputs), operands
  private let firstOutput: Int
  private let bias: DevicePair?  // (1, V)

  /// - Parameters:
  ///   - weight: (outputs, inputs), operands
  ///   - bias: (1, outputs), in Float32; nil where the map has none
  package init(
    weight: DeviceMatrix, bias: DeviceMatrix?, _ queue: DeviceQueue
  ) throws(DeviceError) {
    (outputs, inputs, firstOutput) = (weight.rows, weight.columns, 0)
    self.weight = weight
    guard let bias else {
      self.bias = nil
      return
    }
    precondition(bias.count == weight.rows)
    // cuBLASLt adds a bias of the result's type.
    let pair = DevicePair(values: bias, operand: queue.precision == .f32 ? nil : queue.operands())
    if pair.operand !== bias { try queue.round(bias, into: pair.operand) }
    self.bias = pair
  }

  /// Some outputs of a map, which lie side by side.
  package init(
    _ outputs: Range<Int>, of map: DeviceMap, _ queue: DeviceQueue
  ) throws(DeviceError) {
    precondition(outputs.lowerBound >= 0 && outputs.upperBound <= map.outputs)
    (self.outputs, inputs) = (outputs.count, map.inputs)
    firstOutput = map.firstOutput + outputs.lowerBound
    weight = map.weight
    guard let whole = map.bias else {
      bias = nil
      return
    }
    // A copy, since cuBLASLt's kernels take it that biases are aligned.
    let part = DevicePair(
      values: queue.floats(), operand: whole.operand === whole.values ? nil : queue.operands())
    try part.resize(rows: 1, columns: outputs.count)
    for (own, of) in [(part.values, whole.values), (part.operand, whole.operand)] {
      let size = own.element.size
      try queue.stream.copy(
        of.address + UInt64(outputs.lowerBound * size), to: own.address, bytes: outputs.count * size)
    }
    bias = part
  }

  /// `y = x W^T + b`, or that plus the addend, which is of the shape of `y` and may be it. `x` has operands; `y` is resized.
  package func forward(
    _ x: DeviceMatrix, into y: DeviceMatrix, adding addend: DeviceMatrix? = nil, _ queue: DeviceQueue
  ) throws(DeviceError) {
    precondition(x.columns == inputs)
    precondition(addend.map { $0.rows == x.rows && $0.columns == outputs } ?? true)
    if addend !== y { try y.resize(rows: x.rows, columns: outputs) }
    try queue.stream.multiply(
      product(
        queue, rows: x.rows, x.view(), y, bias: bias(y), addend: addend, isTransposed: false))
  }

  /// `dx = dy W`, or that plus the addend, which is of the shape of `dx` and may be it. `dy` has operands; `dx` is resized.
  package func backward(
    _ dy: DeviceMatrix, into dx: DeviceMatrix, adding addend: DeviceMatrix? = nil, _ queue: DeviceQueue
  ) throws(DeviceError) {
    precondition(dy.columns == outputs)
    precondition(addend.map { $0.rows == dy.rows && $0.columns == inputs } ?? true)
    if addend !== dx { try dx.resize(rows: dy.rows, columns: inputs) }
    try queue.stream.multiply(
      product(
        queue, rows: dy.rows, dy.view(), dx, bias: 0, addend: addend, isTransposed: true))
  }

  /// In the type of the result; 0 where there is none.
  private func bias(_ y: DeviceMatrix) -> UInt64 {
    guard let bias else { return 0 }
    return y.element.isFloat ? bias.values.address : bias.operand.address
  }

  private func product(
    _ queue: DeviceQueue, rows: Int, _ x: DeviceMatrix.View, _ y: DeviceMatrix, bias: UInt64,
    addend: DeviceMatrix?, isTransposed: Bool
  ) -> DeviceProduct {
    DeviceProduct(
      precision: queue.precision, rows: rows, outputs: outputs, inputs: inputs, x: x.address,
      xStride: x.stride, weight: weight.address(row: firstOutput), isTransposed: isTransposed, y: y.address,
      yStride: y.columns, yIsFloat: y.element.isFloat, bias: bias, addend: addend?.address ?? 0)
  }

  /// A map of some of its outputs, in that order.
  package func choosing(
    _ outputs: DeviceIndices.Part, of indices: DeviceIndices, _ queue: DeviceQueue
  ) throws(DeviceError) -> DeviceMap {
    precondition(firstOutput == 0)
    let rows = DeviceMatrix(queue.device, weight.element)
    try queue.gather(indices.address(outputs), count: outputs.count, of: weight, into: rows)
    guard let bias else { return try DeviceMap(weight: rows, bias: nil, queue) }
    let numbers = queue.floats()
    // One number a row.
    try numbers.resize(rows: 1, columns: outputs.count)
    try queue.launch(
      "gather_floats", threads: outputs.count, .address(bias.values), .int(1),
      .address(indices.address(outputs)), .address(numbers), .int(1), .int(outputs.count), .int(1))
    return try DeviceMap(weight: rows, bias: numbers, queue)
  }
}
