import Tensors
import Testing

/// How far a number may be from the one expected: `absolute + relative * |expected|`.
package struct Tolerance: Sendable {
  package let absolute: Double
  package let relative: Double

  package init(absolute: Double = 0, relative: Double = 0) {
    self.absolute = absolute
    self.relative = relative
  }

  /// The same bits.
  package static let exact = Tolerance()

  package func bound(_ expected: Double) -> Double { absolute + relative * abs(expected) }
}

/// Where two lists differ most, in units of what the tolerance allows there.
package struct Difference: CustomStringConvertible {
  package let index: Int
  package let actual: Double
  package let expected: Double
  package let allowed: Double
  package var distance: Double { abs(actual - expected) }
  /// False for anything that is not a number.
  package var isAllowed: Bool { distance <= allowed || actual == expected }
  package var description: String {
    "at \(index): \(actual) where \(expected) is expected, off by \(distance) of \(allowed) allowed"
  }
}

/// The worst element of two lists of one length; nil when they are empty.
package func worstDifference<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
  _ actual: [Actual], _ expected: [Expected], _ tolerance: Tolerance
) -> Difference? {
  var worst: Difference?
  var worstScore = -1.0
  for (index, pair) in zip(actual, expected).enumerated() {
    let (found, wanted) = (Double(pair.0), Double(pair.1))
    let difference = Difference(
      index: index, actual: found, expected: wanted, allowed: tolerance.bound(wanted))
    let score =
      difference.isAllowed
      ? difference.distance / max(difference.allowed, .leastNormalMagnitude)
      : difference.distance.isNaN ? .infinity : 1 + difference.distance
    if score > worstScore || (worst.map { $0.isAllowed && !difference.isAllowed } ?? true) {
      (worst, worstScore) = (difference, score)
    }
  }
  return worst
}

/// What is wrong with a list, in words; nil when it has the length of the expected one and every element is within
/// the tolerance.
package func mismatch<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
  _ actual: [Actual], _ expected: [Expected], absolute: Double = 0, relative: Double = 0
) -> String? {
  guard actual.count == expected.count else {
    return "\(actual.count) numbers where \(expected.count) are expected"
  }
  let worst = worstDifference(actual, expected, Tolerance(absolute: absolute, relative: relative))
  return worst.flatMap { $0.isAllowed ? nil : $0.description }
}

/// The same for matrices: the shapes first, then the elements, with row and column of the worst.
package func mismatch(
  _ actual: Matrix, _ expected: Matrix, absolute: Double = 0, relative: Double = 0
) -> String? {
  guard actual.rows == expected.rows, actual.columns == expected.columns else {
    return
      "shape (\(actual.rows), \(actual.columns)) where (\(expected.rows), \(expected.columns)) is expected"
  }
  let tolerance = Tolerance(absolute: absolute, relative: relative)
  guard let worst = worstDifference(actual.elements, expected.elements, tolerance), !worst.isAllowed
  else { return nil }
  return "row \(worst.index / actual.columns), column \(worst.index % actual.columns), \(worst)"
}

/// Records an issue where there is a mismatch.
package func expectClose<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
  _ actual: [Actual], _ expected: [Expected], absolute: Double = 0, relative: Double = 0,
  _ name: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  record(mismatch(actual, expected, absolute: absolute, relative: relative), name, sourceLocation)
}

/// Records an issue where there is a mismatch.
package func expectClose(
  _ actual: Matrix, _ expected: Matrix, absolute: Double = 0, relative: Double = 0, _ name: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  record(mismatch(actual, expected, absolute: absolute, relative: relative), name, sourceLocation)
}

private func record(_ mismatch: String?, _ name: String, _ sourceLocation: SourceLocation) {
  guard let mismatch else { return }
  let message = name.isEmpty ? mismatch : "\(name): \(mismatch)"
  Issue.record(Comment(rawValue: message), sourceLocation: sourceLocation)
}

/// Records an issue where a row is further from the expected one than `relative` times that one's length: the shapes first, then
/// the worst row and column.
package func expectRows(
  _ actual: Matrix, _ expected: Matrix, relative: Double, _ name: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.rows == expected.rows, actual.columns == expected.columns else {
    return expectClose(actual, expected, name, sourceLocation: sourceLocation)
  }
  func row(_ matrix: Matrix, _ row: Int) -> [Double] {
    matrix.elements[row * matrix.columns..<(row + 1) * matrix.columns].map(Double.init)
  }
  let problems = (0..<expected.rows).compactMap { place -> String? in
    let wanted = row(expected, place)
    let length = wanted.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return mismatch(row(actual, place), wanted, absolute: relative * length).map { "row \(place), \($0)" }
  }
  record(problems.first, name, sourceLocation)
}
