import CUDA

/// One batch on its way through a network on a device: what its layers share.
struct CUDARun {
  let queue: DeviceQueue
  let indices: DeviceIndices
  let rotations: CUDARotationCopies

  /// Adds to each row of `y` the rows of `x` that name it, or the row itself where there are no sums.
  func add(_ x: DeviceMatrix, _ sums: DeviceSums?, to y: DeviceMatrix) throws(DeviceError) {
    guard let sums else { return try queue.add(x, to: y) }
    try queue.sumRows(x, sums, indices, adding: true, into: y)
  }

  /// The rows of `x` that go on, which are all of them where none are named.
  func residual(
    _ x: DeviceMatrix, _ rows: CUDARows, _ scratch: DeviceMatrix
  ) throws(DeviceError) -> DeviceMatrix {
    guard let places = rows.residual else { return x }
    try queue.gather(indices.address(places), count: places.count, of: x, into: scratch)
    return scratch
  }
}
