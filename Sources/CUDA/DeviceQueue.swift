import Tensors

/// The ops of a network on a device, in order; each forward beside its backward (`Ops/`). Not for two threads at a time.
package final class DeviceQueue {
  package let device: any Device
  package let precision: Precision
  package let stream: any DeviceStream

  package init(_ device: any Device, _ precision: Precision) throws(DeviceError) {
    (self.device, self.precision) = (device, precision)
    stream = try device.makeStream()
  }

  package func floats() -> DeviceMatrix { DeviceMatrix(device, .float) }
  package func operands() -> DeviceMatrix { DeviceMatrix(device, .operand(precision)) }

  /// Operands of products beside the same numbers in Float32: one and the same where products are in Float32.
  package func pair() -> DevicePair {
    let values = floats()
    return DevicePair(values: values, operand: precision == .f32 ? nil : operands())
  }

  /// - Parameter count: how many threads there are to be, at least
  func launch(_ kernel: String, threads count: Int, _ arguments: KernelArgument...) throws(DeviceError) {
    guard count > 0 else { return }
    try stream.launch(
      kernel, precision, blocks: (count + Self.threads - 1) / Self.threads, threads: Self.threads, arguments)
  }

  /// - Parameter count: how many warps there are to be, at least
  func launch(_ kernel: String, warps count: Int, _ arguments: KernelArgument...) throws(DeviceError) {
    guard count > 0 else { return }
    try stream.launch(
      kernel, precision, blocks: (count + Self.warps - 1) / Self.warps, threads: 32 * Self.warps, arguments)
  }

  /// A wide block for each row.
  func launch(_ kernel: String, rows: Int, _ arguments: KernelArgument...) throws(DeviceError) {
    guard rows > 0 else { return }
    try stream.launch(kernel, precision, blocks: rows, threads: Self.wide, arguments)
  }

  private static let threads = 256
  /// `WARPS` and `WIDE` of the kernels.
  private static let warps = 4
  private static let wide = 256

  /// Returns when all that was asked before is done.
  package func wait() throws(DeviceError) { try stream.wait() }

  package func upload(_ matrix: Matrix, to target: DeviceMatrix) throws(DeviceError) {
    precondition(target.element.isFloat)
    try target.resize(rows: matrix.rows, columns: matrix.columns)
    guard matrix.count > 0 else { return }
    try stream.upload(
      UnsafeRawBufferPointer(start: matrix.pointer, count: matrix.count * 4), to: target.address)
  }

  /// Returns when all that was asked before is done.
  package func download(_ source: DeviceMatrix) throws(DeviceError) -> Matrix {
    precondition(source.element.isFloat)
    var matrix = Matrix(rows: source.rows, columns: source.columns)
    guard matrix.count > 0 else { return matrix }
    let count = matrix.count * 4
    try stream.download(
      source.address, to: UnsafeMutableRawBufferPointer(start: matrix.mutablePointer(), count: count))
    return matrix
  }
}

/// Rows in Float32, and as operands of products.
package struct DevicePair {
  package let values, operand: DeviceMatrix

  /// - Parameter operand: nil where the values are the operands
  init(values: DeviceMatrix, operand: DeviceMatrix?) {
    (self.values, self.operand) = (values, operand ?? values)
  }

  package func resize(rows: Int, columns: Int) throws(DeviceError) {
    try values.resize(rows: rows, columns: columns)
    if operand !== values { try operand.resize(rows: rows, columns: columns) }
  }
}

extension KernelArgument {
  static func address(_ matrix: DeviceMatrix?) -> Self { .address(matrix?.address ?? 0) }
}
