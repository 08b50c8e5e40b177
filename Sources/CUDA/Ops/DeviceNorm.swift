import Tensors

/// A norm with its weights on a device.
package struct DeviceNorm: Sendable {
  private let gamma: DeviceMatrix  // (1, C)
  private let beta: DeviceMatrix?  // (1, C)
  private let epsilon: Float
  private let isRMS: Bool

  private var width: Int { gamma.count }

  /// What the backward needs of a forward, besides its input.
  package final class Saved {
    fileprivate let means, inverses: DeviceMatrix  // (rows, parts)

    package init(_ queue: DeviceQueue) { (means, inverses) = (queue.floats(), queue.floats()) }
  }

  package init(_ norm: LayerNorm, _ queue: DeviceQueue) throws(DeviceError) {
    (gamma, epsilon, isRMS) = (queue.floats(), norm.epsilon, false)
    try queue.upload(norm.gamma, to: gamma)
    let beta = queue.floats()
    try queue.upload(norm.beta, to: beta)
    self.beta = beta
  }

  package init(_ norm: RMSNorm, _ queue: DeviceQueue) throws(DeviceError) {
    (gamma, beta, epsilon, isRMS) = (queue.floats(), nil, norm.epsilon, true)
    try queue.upload(norm.gamma, to: gamma)
  }

  /// `y = addend + N(x)` of rows in Float32, to the matrices that are given.
  package func forward(
    _ x: DeviceMatrix, adding addend: DeviceMatrix? = nil, saving saved: Saved, values: DeviceMatrix?,
    operand: DeviceMatrix?, _ queue: DeviceQueue
  ) throws(DeviceError) {
    let parts = try prepare(saved, rows: x.rows, columns: x.columns)
    try values?.resize(rows: x.rows, columns: x.columns)
    let isBoth = operand === values
    if !isBoth { try operand?.resize(rows: x.rows, columns: x.columns) }
    try queue.launch(
      "norm_floats", warps: x.rows * parts, .address(x), .int(x.columns), .int(parts), .address(gamma),
      .address(beta), .float(epsilon), .int(isRMS ? 1 : 0), .address(addend), .address(values),
      .address(isBoth ? nil : operand), .int(x.columns), .address(saved.means), .address(saved.inverses),
      .int(x.rows), .int(width))
  }

  package func forward(
    _ x: DeviceMatrix, adding addend: DeviceMatrix? = nil, saving saved: Saved, into y: DevicePair,
    _ queue: DeviceQueue
  ) throws(DeviceError) {
    try forward(x, adding: addend, saving: saved, values: y.values, operand: y.operand, queue)
  }

  /// Of operands that lie between others, each head's part of them or all.
  package func forward(
    _ x: DeviceMatrix.View, rows: Int, columns: Int, saving saved: Saved, into y: DeviceMatrix,
    _ queue: DeviceQueue
  ) throws(DeviceError) {
    let parts = try prepare(saved, rows: rows, columns: columns)
    try y.resize(rows: rows, columns: columns)
    try queue.launch(
      "norm_reals", warps: rows * parts, .address(x.address), .int(x.stride), .int(parts), .address(gamma),
      .address(beta), .float(epsilon), .int(isRMS ? 1 : 0), .address(0), .address(0), .address(y),
      .int(columns), .address(saved.means), .address(saved.inverses), .int(rows), .int(width))
  }

  /// How many parts a row has.
  private func prepare(_ saved: Saved, rows: Int, columns: Int) throws(DeviceError) -> Int {
    precondition(columns % width == 0)
    let parts = columns / width
    try saved.means.resize(rows: rows, columns: parts)
    try saved.inverses.resize(rows: rows, columns: parts)
    return parts
  }

  /// The gradient of the input plus the addend, to the matrices that are given; `values` may be `dy` or the addend.
  /// - Parameters:
  ///   - x: what the forward normalised
  ///   - chosen: for each row of `dy` its row of `x`; nil where they are the same
  package func backward(
    _ dy: DeviceMatrix, of x: DeviceMatrix, _ saved: Saved, chosen: UInt64 = 0,
    adding addend: DeviceMatrix? = nil, values: DeviceMatrix?, operand: DeviceMatrix?, _ queue: DeviceQueue
  ) throws(DeviceError) {
    precondition(dy.columns == x.columns && x.columns % width == 0)
    if values !== dy { try values?.resize(rows: dy.rows, columns: dy.columns) }
    let isBoth = operand === values
    if !isBoth { try operand?.resize(rows: dy.rows, columns: dy.columns) }
    let parts = x.columns / width
    try queue.launch(
      "norm_floats_backward", warps: dy.rows * parts, .address(dy), .int(dy.columns), .address(chosen),
      .address(x), .int(x.columns), .int(parts), .address(gamma), .int(isRMS ? 1 : 0), .address(saved.means),
      .address(saved.inverses), .address(addend), .address(values), .address(isBoth ? nil : operand),
      .int(dy.rows), .int(width))
  }

  /// The same of operands that lie between others, in place.
  package func backward(
    _ dy: DeviceMatrix.View, of x: DeviceMatrix.View, rows: Int, columns: Int, _ saved: Saved,
    _ queue: DeviceQueue
  ) throws(DeviceError) {
    let parts = columns / width
    try queue.launch(
      "norm_reals_backward", warps: rows * parts, .address(dy.address), .int(dy.stride), .address(0),
      .address(x.address), .int(x.stride), .int(parts), .address(gamma), .int(isRMS ? 1 : 0),
      .address(saved.means), .address(saved.inverses), .address(0), .address(dy.address), .address(0),
      .int(rows), .int(width))
  }
}
