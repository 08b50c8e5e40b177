import Tensors

extension DeviceQueue {
  /// `y = f(sums)`, or `f(gates) * the right half` of sums with the gates in the left half.
  package func activate(
    _ function: ActivationFunction, isGated: Bool, _ sums: DeviceMatrix, into y: DeviceMatrix
  ) throws(DeviceError) {
    let width = isGated ? sums.columns / 2 : sums.columns
    try y.resize(rows: sums.rows, columns: width)
    try launch(
      "activate", threads: y.count, .int(function.number), .int(isGated ? 1 : 0), .address(sums),
      .address(y), .int(y.rows), .int(width))
  }

  /// From `dy` the gradient of the sums; without gates it may be the same matrix.
  /// - Parameter chosen: for each row of `dy` its row of the sums; 0 where they are the same
  package func activateBackward(
    _ function: ActivationFunction, isGated: Bool, _ sums: DeviceMatrix, chosen: UInt64, _ dy: DeviceMatrix,
    into dsums: DeviceMatrix
  ) throws(DeviceError) {
    if dsums !== dy { try dsums.resize(rows: dy.rows, columns: sums.columns) }
    try launch(
      "activate_backward", threads: dy.count, .int(function.number), .int(isGated ? 1 : 0),
      .address(chosen), .address(sums), .address(dy), .address(dsums), .int(dy.rows), .int(dy.columns))
  }

  /// In Float32.
  package func activate(
    _ function: ActivationFunction, _ x: DeviceMatrix, into y: DeviceMatrix
  ) throws(DeviceError) {
    try y.resize(rows: x.rows, columns: x.columns)
    try launch(
      "activate_floats", threads: x.count, .int(function.number), .address(x), .address(y), .long(x.count))
  }

  /// `dy` becomes the gradient of `x`.
  package func activateBackward(
    _ function: ActivationFunction, _ x: DeviceMatrix, _ dy: DeviceMatrix
  ) throws(DeviceError) {
    try launch(
      "activate_floats_backward", threads: x.count, .int(function.number), .address(x), .address(dy),
      .long(x.count))
  }

  /// Turns heads by their positions, in place; with a sign of -1 back.
  package func rotate(
    _ x: DeviceMatrix.View, rows: Int, heads: Int, headWidth: Int, places: UInt64, _ table: DeviceRotation,
    sign: Float
  ) throws(DeviceError) {
    try launch(
      "rotate", threads: rows * heads * table.half, .address(x.address), .int(x.stride), .address(places),
      .address(table.cosines), .address(table.sines), .float(sign), .int(rows), .int(heads), .int(headWidth),
      .int(table.half))
  }
}

/// Cosines and sines of positions, (positions, half).
package struct DeviceRotation {
  package let cosines, sines: DeviceMatrix

  package init(cosines: DeviceMatrix, sines: DeviceMatrix) { (self.cosines, self.sines) = (cosines, sines) }

  var half: Int { cosines.columns }
}
