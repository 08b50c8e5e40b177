import Tensors

/// Words of a space with weights: their places among the anchors.
struct WordMixture: Sendable {
  var places: [Int] = []
  var weights: [Double] = []

  /// The weights of the words at these places whose sum is closest to a vector; of several the shortest.
  /// - Parameter rows: (places, C)
  static func leastSquares(_ vector: [Double], _ rows: Matrix) -> [Double] {
    let system = RegularizedSystem.Sums(rows.transposed(), kept: nil, Parallelism(threads: 1))
    return RegularizedSystem(system, ridge: 0).solve(vector)
  }
}

/// A source's anchors, all at once: for maps that look at each of them.
struct HeldAnchors: Sendable {
  let rows: Matrix  // (K, Cs)
  let lengths: [Double]  // (K)
  private let parallelism: Parallelism

  /// Rows that are one task. Fixed, so that results do not depend on the number of threads.
  private static let block = 512

  init(_ anchors: AnchorRows, _ parallelism: Parallelism) {
    rows = anchors.all()
    lengths = (0..<rows.rows).map(rows.rowNorm)
    self.parallelism = parallelism
  }

  var count: Int { rows.rows }

  /// Of each vector with each anchor, (P, K). Each is found by itself: it depends on no other vector.
  func products(_ vectors: Matrix) -> Matrix {
    var products = Matrix(rows: vectors.rows, columns: count)
    let target = SharedPointer(products.mutablePointer())
    let (count, width) = (count, rows.columns)
    parallelism.forEach((count + Self.block - 1) / Self.block) { _, task in
      guard let target = target.base else { return }
      for place in task * Self.block..<min(count, (task + 1) * Self.block) {
        for vector in 0..<vectors.rows {
          target[vector * count + place] = kernels.dot(
            vectors.pointer + vector * width, rows.pointer + place * width, width)
        }
      }
    }
    return products
  }
}

extension AnchorRows {
  /// The weighted sums of these words: (mixtures, C).
  func sums(_ mixtures: [WordMixture]) -> Matrix {
    var result = Matrix(rows: mixtures.count, columns: width)
    for (index, mixture) in mixtures.enumerated() {
      let used = mixture.weights.indices.filter { mixture.weights[$0] != 0 }
      let rows = keeping(used.map { mixture.places[$0] }).all()
      result.setRow(index, rows.sum(weights: used.map { mixture.weights[$0] }))
    }
    return result
  }
}

extension Matrix {
  /// The rows summed with weights, in Double.
  func sum(weights: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: columns)
    for (row, weight) in weights.enumerated() {
      for (column, value) in self.row(row).enumerated() { sum[column] += weight * Double(value) }
    }
    return sum
  }
}
