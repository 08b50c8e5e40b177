import Tensors

/// Numbers for tests, the same in every run.
package enum Samples {
  package static func normal(_ count: Int, seed: UInt64 = 1, _ name: String, deviation: Double = 1) -> [Float]
  {
    var stream = RandomStream(seed: seed, name: name)
    return (0..<count).map { _ in Float(deviation * stream.normal()) }
  }

  package static func matrix(
    _ rows: Int, _ columns: Int, seed: UInt64 = 1, _ name: String, mean: Double = 0, deviation: Double = 1
  ) -> Matrix {
    var stream = RandomStream(seed: seed, name: name)
    return stream.normalMatrix(rows: rows, columns: columns, mean: mean, deviation: deviation)
  }
}

extension Array where Element == Float {
  package var wide: [Double] { map(Double.init) }
}

extension Matrix {
  package var wide: [Double] { elements.wide }
}

/// The scalar `sum of weights * values` whose gradient is `weights`: turns an op into a function to differentiate.
package func weightedSum(_ values: [Double], _ weights: [Double]) -> Double {
  zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 }
}
