import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct RotationTests {
  /// 2e-6: two products of numbers of size 3, and the angle's rounding to Float at positions up to 30.
  @Test(arguments: [(1, 2, 1), (2, 8, 3), (3, 17, 4), (1, 64, 32), (2, 256, 128)], KernelSet.allCases)
  func kernel(_ shape: (heads: Int, width: Int, half: Int), _ set: KernelSet) {
    let (rows, first) = (5, 3)
    let frequencies = (0..<shape.half).map { 1 / Float($0 + 1) }
    let rotation = Rotation(frequencies: frequencies, positions: 9, length: 1.25)
    let x = Samples.normal(rows * shape.heads * shape.width, "x")
    let expected = Naive.rotated(
      x.wide, frequencies: frequencies.wide, heads: shape.heads, width: shape.width, first: first,
      length: 1.25)
    var y = x
    set.table.rotate(
      &y, rotation.cosines.pointer + first * shape.half, rotation.sines.pointer + first * shape.half, 1, rows,
      shape.heads, shape.width, shape.half)
    expectClose(y, expected, absolute: 2e-6, relative: 1e-6)

    let dy = Samples.normal(x.count, "dy")
    var dx = dy
    set.table.rotate(
      &dx, rotation.cosines.pointer + first * shape.half, rotation.sines.pointer + first * shape.half, -1,
      rows,
      shape.heads, shape.width, shape.half)
    guard x.count < 300 else { return }
    expectGradient(dx, at: x.wide, absolute: 2e-6, relative: 2e-6) { point in
      weightedSum(
        Naive.rotated(
          point, frequencies: frequencies.wide, heads: shape.heads, width: shape.width, first: first,
          length: 1.25), dy.wide)
    }
  }

  /// Only the rows asked for turn, and turning back gives what was there.
  @Test func rowsOfAMatrix() {
    let rotation = Rotation(frequencies: [1, 0.1], positions: 10)
    let x = Samples.matrix(6, 12, "x")
    var y = x
    rotation.forward(&y, rows: 2..<5, firstPosition: 4, headWidth: 6)
    #expect(y.gathering([0, 1, 5]) == x.gathering([0, 1, 5]))
    let middle = x.gathering(2..<5)
    let expected = Naive.rotated(
      middle.wide, frequencies: [1, Double(Float(0.1))], heads: 2, width: 6, first: 4)
    expectClose(y.gathering(2..<5).elements, expected, absolute: 1e-6, relative: 1e-6)
    rotation.backward(&y, rows: 2..<5, firstPosition: 4, headWidth: 6)
    expectClose(y, x, absolute: 1e-6, relative: 1e-6)
  }

  /// Scores depend on the distance of query and key, not on their places.
  @Test func onlyDistancesCount() {
    let rotation = Rotation(frequencies: [0.7, 0.2], positions: 20)
    func product(_ first: Int, _ second: Int) -> Double {
      var (q, k) = (Samples.matrix(1, 4, "q"), Samples.matrix(1, 4, "k"))
      rotation.forward(&q, rows: 0..<1, firstPosition: first, headWidth: 4)
      rotation.forward(&k, rows: 0..<1, firstPosition: second, headWidth: 4)
      return weightedSum(q.wide, k.wide)
    }
    expectClose([product(3, 9)], [product(11, 17)], absolute: 1e-5)
    #expect(abs(product(3, 9) - product(3, 8)) > 1e-2)
  }
}
