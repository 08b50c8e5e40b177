import Tensors
import TestSupport
import Testing

@Suite struct RandomStreamTests {
  private func numbers(_ seed: UInt64, _ name: String, _ count: Int = 4) -> [UInt64] {
    var stream = RandomStream(seed: seed, name: name)
    return (0..<count).map { _ in stream.next() }
  }

  /// Results depend on these numbers: a change makes every recorded run another one.
  @Test func theFirstNumbersArePinned() {
    #expect(
      numbers(0, "")
        == [0x21fa_69a5_8f3d_62f5, 0xbc78_bed6_e022_d134, 0xb42a_8fa9_6d1c_00b4, 0x4b95_e378_ee22_b744])
    #expect(
      numbers(1, "prompt")
        == [0x8700_96ac_7003_e741, 0x07d8_27e7_2369_8081, 0x6306_fa6f_5aa9_c069, 0xd22d_44d1_024a_5985])
    var stream = RandomStream(seed: 1, name: "prompt")
    let normal = (0..<4).map { _ in stream.normal() }
    expectClose(
      normal, [1.2016395001373494, 0.2342526657913818, 0.42674776785963575, -0.892242622461545],
      absolute: 1e-14)
  }

  @Test func seedAndNameDecide() {
    #expect(numbers(7, "tune") == numbers(7, "tune"))
    let streams: [(UInt64, String)] = [
      (7, "tune"), (8, "tune"), (7, "tunE"), (7, "tune "), (7, ""), (0, "tune"), (7, "enut"),
    ]
    let firsts = streams.flatMap { numbers($0.0, $0.1, 100) }
    #expect(Set(firsts).count == firsts.count)
  }

  @Test func seedsManyAndNear() {
    #expect(Set((0..<10000).map { numbers($0, "search", 1)[0] }).count == 10000)
  }

  @Test func uniformNumbers() {
    var stream = RandomStream(seed: 3, name: "uniform")
    let values = (0..<100_000).map { _ in stream.uniform() }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    let mean = values.reduce(0, +) / 1e5
    let square = values.reduce(0) { $0 + $1 * $1 } / 1e5
    expectClose([mean, square], [1.0 / 2, 1.0 / 3], absolute: 0.004)  // four standard errors
  }

  /// The first four moments within four standard errors, and neighbours without correlation.
  @Test func normalNumbers() {
    var stream = RandomStream(seed: 4, name: "normal")
    let values = (0..<100_000).map { _ in stream.normal() }
    let moments = (1...4).map { power in
      values.reduce(0) { sum, x in sum + (1...power).reduce(1) { product, _ in product * x } } / 1e5
    }
    expectClose([moments[0], moments[1]], [0, 1], absolute: 0.018)
    expectClose([moments[2], moments[3]], [0, 3], absolute: 0.13)
    let neighbours = zip(values, values.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / 1e5
    expectClose([neighbours], [0], absolute: 0.013)
    #expect(values.allSatisfy { $0.isFinite })
  }

  @Test func normalMatrix() {
    var stream = RandomStream(seed: 5, name: "matrix")
    let matrix = stream.normalMatrix(rows: 300, columns: 100, mean: -2, deviation: 0.5)
    let mean = matrix.wide.reduce(0, +) / 30000
    let variance = matrix.wide.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 30000
    expectClose([mean, variance.squareRoot()], [-2, 0.5], absolute: 0.012)
    #expect(stream.normalMatrix(rows: 0, columns: 3, deviation: 1).count == 0)
  }
}
