import Tensors

extension DeviceQueue {
  /// Operands of what is in Float32.
  package func round(_ x: DeviceMatrix, into y: DeviceMatrix) throws(DeviceError) {
    precondition(x.element.isFloat)
    try y.resize(rows: x.rows, columns: x.columns)
    try round(x, to: y.address)
  }

  /// The same to an address.
  package func round(_ x: DeviceMatrix, to address: UInt64) throws(DeviceError) {
    try launch("round_floats", threads: x.count, .address(x), .address(address), .long(x.count))
  }

  /// The same where there is no need to: Float32 is the operand.
  package func operand(_ x: DeviceMatrix, _ scratch: DeviceMatrix) throws(DeviceError) -> DeviceMatrix {
    if precision == .f32 { return x }
    try round(x, into: scratch)
    return scratch
  }

  /// Becomes the chosen rows, in that order.
  package func gather(
    _ rows: UInt64, count: Int, of x: DeviceMatrix, into y: DeviceMatrix
  ) throws(DeviceError) {
    try y.resize(rows: count, columns: x.columns)
    let kernel =
      switch (x.element, y.element) {
      case (.float, .float): "gather_floats"
      case (.float, .operand): "gather_as_reals"
      default: "gather_reals"
      }
    try launch(
      kernel, threads: count * x.columns, .address(x), .int(x.columns), .address(rows), .address(y),
      .int(y.columns), .int(count), .int(x.columns))
  }

  /// Each row becomes `scale` times the sum of those rows of `x` that name it, or gets that added.
  package func sumRows(
    _ x: DeviceMatrix, _ sums: DeviceSums, _ indices: DeviceIndices, scale: Float = 1, adding: Bool = false,
    into y: DeviceMatrix
  ) throws(DeviceError) {
    if !adding { try y.resize(rows: sums.height, columns: x.columns) }
    precondition(y.rows == sums.height && y.columns == x.columns && x.element.size == y.element.size)
    let isFloat = if case .float = x.element { true } else { false }
    try launch(
      isFloat ? "sum_float_rows" : "sum_real_rows", threads: y.count, .address(x), .int(x.columns),
      .address(indices.address(sums.starts)), .address(indices.address(sums.sources)), .float(scale),
      .int(adding ? 1 : 0), .address(y), .int(y.rows), .int(y.columns))
  }

  /// `x += y`, both in Float32.
  package func add(_ y: DeviceMatrix, to x: DeviceMatrix) throws(DeviceError) {
    precondition(x.rows == y.rows && x.columns == y.columns && x.element.isFloat && y.element.isFloat)
    try launch("add_floats", threads: x.count, .address(x), .address(y), .long(x.count))
  }

  package func scale(_ x: DeviceMatrix, by factor: Float) throws(DeviceError) {
    try launch("scale_floats", threads: x.count, .address(x), .float(factor), .long(x.count))
  }

  package func copy(_ x: DeviceMatrix, into y: DeviceMatrix) throws(DeviceError) {
    precondition(x.element.size == y.element.size)
    try y.resize(rows: x.rows, columns: x.columns)
    try stream.copy(x.address, to: y.address, bytes: x.bytes)
  }

  package func clear(_ x: DeviceMatrix) throws(DeviceError) { try stream.clear(x.address, bytes: x.bytes) }

  /// Scaled rows of the table (0 or more) or of the prompt (-1 - row), with positions and token type where there are these.
  package func embed(
    _ elements: UInt64, count: Int, table: DeviceMatrix, prompt: DeviceMatrix?, scale: Float,
    positions: (table: DeviceMatrix, places: UInt64)?, type: DeviceMatrix?, into y: DeviceMatrix
  ) throws(DeviceError) {
    try y.resize(rows: count, columns: table.columns)
    try launch(
      "embed", threads: y.count, .address(table), .address(prompt), .address(elements), .float(scale),
      .address(positions?.table), .address(positions?.places ?? 0), .address(type), .address(y), .int(count),
      .int(table.columns))
  }
}

/// For each of some rows, those that are added up there.
package struct DeviceSums {
  let height: Int
  let starts, sources: DeviceIndices.Part

  /// - Parameter places: for each source its row, beyond the height where it has none
  package init(_ places: some Collection<Int>, height: Int, _ indices: DeviceIndices) {
    self.height = height
    var starts = [Int](repeating: 0, count: height + 1)
    for place in places where place < height { starts[place + 1] += 1 }
    for row in 0..<height { starts[row + 1] += starts[row] }
    var next = starts
    var sources = [Int](repeating: 0, count: starts[height])
    for (source, place) in places.enumerated() where place < height {
      sources[next[place]] = source
      next[place] += 1
    }
    self.starts = indices.add(starts)
    self.sources = indices.add(sources)
  }
}
