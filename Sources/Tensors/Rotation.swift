import Foundation

/// Rotary positions (Su et al., arXiv 2104.09864): the first numbers of every head, in pairs `i` and `half + i`, are turned by
/// an angle that grows with the position.
package struct Rotation: Sendable {
  /// By position, (positions, half).
  package let cosines, sines: Matrix

  /// - Parameters:
  ///   - frequencies: the angle of each pair at position 1
  ///   - positions: how many there are
  ///   - length: what turned vectors are multiplied by
  package init(frequencies: [Float], positions: Int, length: Float = 1) {
    let half = frequencies.count
    var (cosines, sines) = (
      Matrix(uninitializedRows: positions, columns: half), Matrix(uninitializedRows: positions, columns: half)
    )
    let (c, s) = (cosines.mutablePointer(), sines.mutablePointer())
    for position in 0..<positions {
      for (i, frequency) in frequencies.enumerated() {
        // The product in Float, as transformers has it: the rounding of large angles is a part of the model.
        let angle = Double(Float(position) * frequency)
        c[position * half + i] = Float(cos(angle)) * length
        s[position * half + i] = Float(sin(angle)) * length
      }
    }
    (self.cosines, self.sines) = (cosines, sines)
  }

  package var positions: Int { cosines.rows }

  /// Turns some rows, at positions one after the other; in place.
  /// - Parameter x: (tokens, heads * width)
  package func forward(_ x: inout Matrix, rows: Range<Int>, firstPosition: Int, headWidth: Int) {
    turn(&x, rows, firstPosition, headWidth, sign: 1)
  }

  /// The gradient of what was turned, from that of the result; in place.
  package func backward(_ dx: inout Matrix, rows: Range<Int>, firstPosition: Int, headWidth: Int) {
    turn(&dx, rows, firstPosition, headWidth, sign: -1)
  }

  private func turn(
    _ x: inout Matrix, _ rows: Range<Int>, _ first: Int, _ headWidth: Int, sign: Float
  ) {
    let (columns, half) = (x.columns, cosines.columns)
    precondition(2 * half <= headWidth && columns % headWidth == 0)
    precondition(rows.upperBound <= x.rows && first >= 0 && first + rows.count <= positions)
    kernels.rotate(
      x.mutablePointer() + rows.lowerBound * columns, cosines.pointer + first * half,
      sines.pointer + first * half, sign, rows.count, columns / headWidth, headWidth, half)
  }
}
