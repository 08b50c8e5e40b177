import Testing

/// The gradient of a scalar function by central differences, `(f(x + h) - f(x - h)) / 2h`, one coordinate at a time.
/// Its error is about `h^2` from the third derivative plus `noise(f) / h` from rounding.
package func centralDifferences<Number: BinaryFloatingPoint>(
  at point: [Number], step: Number, indices: [Int]? = nil, _ function: ([Number]) -> Double
) -> [Double] {
  var moved = point
  return (indices ?? Array(point.indices)).map { index in
    moved[index] = point[index] + step
    let (above, right) = (function(moved), moved[index])
    moved[index] = point[index] - step
    let (below, left) = (function(moved), moved[index])
    moved[index] = point[index]
    return (above - below) / Double(right - left)
  }
}

/// Compares a gradient with central differences of the function, which should be evaluated in Double: with the
/// step of 1e-5 the differences are then good to about 1e-9.
package func expectGradient<Actual: BinaryFloatingPoint>(
  _ actual: [Actual], at point: [Double], absolute: Double, relative: Double, _ name: String = "",
  sourceLocation: SourceLocation = #_sourceLocation, of function: ([Double]) -> Double
) {
  expectClose(
    actual, centralDifferences(at: point, step: 1e-5, function), absolute: absolute, relative: relative,
    name, sourceLocation: sourceLocation)
}
