import Tensors
import TestSupport
import Testing

/// Where `Linear.keepsRowsApart` says so, a row's results do not depend on the rows beside it, to the last bit. BLAS takes
/// other paths for other heights, so without panels nothing is promised.
@Suite(.enabled(if: Linear.keepsRowsApart)) struct RowsApartTests {
  @Test(arguments: [(1, 1), (33, 17), (64, 48), (70, 800)])
  func aRowAloneIsAsAmongOthers(_ outputs: Int, _ inputs: Int) {
    let linear = Linear(
      weight: Samples.matrix(outputs, inputs, "w"), bias: Samples.matrix(1, outputs, "b"))
    let (x, dy) = (Samples.matrix(230, inputs, "x"), Samples.matrix(230, outputs, "dy"))
    let (y, dx) = products(linear, x, dy)
    for rows in [0..<1, 3..<16, 7..<21, 100..<215, 229..<230] {
      let (own, ownGradient) = products(linear, x.gathering(rows), dy.gathering(rows))
      #expect(own == y.gathering(rows) && ownGradient == dx.gathering(rows), "\(rows)")
    }
    #expect(y.gathering([3]) != y.gathering([4]))
  }

  private func products(_ linear: Linear, _ x: Matrix, _ dy: Matrix) -> (Matrix, Matrix) {
    var y = Matrix(rows: x.rows, columns: linear.outputs)
    linear.forward(x, into: &y)
    var dx = Matrix(rows: x.rows, columns: linear.inputs)
    linear.backward(dy, into: &dx)
    return (y, dx)
  }

  @Test(arguments: [(1, 5), (40, 33)])
  func chosenRowsAreThoseOfTheWholeWeight(_ outputs: Int, _ inputs: Int) {
    let weight = Samples.matrix(outputs + 10, inputs, "w")
    let ids = (0..<outputs).map { ($0 * 7 + 3) % (outputs + 10) }
    let bias = Samples.matrix(1, outputs, "b")
    let (x, dy) = (Samples.matrix(9, inputs, "x"), Samples.matrix(9, outputs, "dy"))
    let chosen = products(Linear(rows: ids, of: .matrix(weight), bias: bias), x, dy)
    let copied = products(Linear(weight: weight.gathering(ids), bias: bias), x, dy)
    #expect(chosen.0 == copied.0 && chosen.1 == copied.1)
  }
}
