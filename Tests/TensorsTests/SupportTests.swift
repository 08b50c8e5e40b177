import Foundation
import Tensors
import TestSupport
import Testing

/// The tests' own instruments: a comparison that cannot fail would prove nothing.
@Suite struct SupportTests {
  @Test(arguments: [
    ([1.0], [1.0, 2]), ([1, 2], [1, 2.1]), ([.nan], [.nan]), ([.nan], [1]), ([1], [.nan]),
    ([1, .infinity], [1, 2]),
    ([0], [1e-3]),
  ])
  func comparisonsFail(_ actual: [Double], _ expected: [Double]) {
    #expect(mismatch(actual, expected, absolute: 1e-4, relative: 1e-4) != nil)
  }

  @Test func comparisonsSucceed() {
    #expect(mismatch([Double](), [Double]()) == nil)
    #expect(mismatch([1, 1e6, .infinity], [1.00005, 1e6 + 50, .infinity], relative: 1e-4) == nil)
    #expect(mismatch([0.1 as Float], [Double(0.1 as Float)]) == nil)
  }

  @Test func matrices() {
    let (row, column) = (Matrix(rows: 1, columns: 2), Matrix(rows: 2, columns: 1))
    #expect(mismatch(row, column, absolute: 1) == "shape (1, 2) where (2, 1) is expected")
    let (zeros, other) = (Matrix(rows: 2, columns: 2), Matrix(rows: 2, columns: 2, [0, 1, 0, 2]))
    #expect(mismatch(zeros, other, absolute: 1.5)?.hasPrefix("row 1, column 1, at 3: 0.0 where 2.0") == true)
    #expect(mismatch(zeros, other, absolute: 2) == nil)
  }

  @Test func theWorstIsFound() throws {
    let worst = try #require(worstDifference([1, 2.5, 3.1], [1, 2, 3], Tolerance(absolute: 1e-3)))
    #expect(worst.index == 1 && worst.distance == 0.5 && !worst.isAllowed)
    let other = try #require(worstDifference([1, 2.5, .nan], [1, 2, 3], Tolerance(absolute: 1)))
    #expect(other.index == 2)
  }

  @Test func wrongGradientsFail() {
    let slope = centralDifferences(at: [2.0, 5.0] as [Double], step: 1e-5) { (x: [Double]) -> Double in
      let cube: Double = x[0] * x[0] * x[0]
      return cube + x[1]
    }
    #expect(mismatch([12.0, 1.0], slope, absolute: 1e-8) == nil)
    #expect(mismatch([12.0, -1.0], slope, absolute: 1e-8) != nil)
  }

  @Test func commandsRun() throws {
    let shell = URL(filePath: "/bin/sh")
    let said = try Command.run(
      ["-c", "echo out $COLOUR; echo err >&2; exit 3"], environment: ["COLOUR": "red"], executable: shell)
    #expect(said.status == 3 && said.output == "out red\n" && said.errors == "err\n" && !said.timedOut)
    let much = try Command.run(["-c", "yes | head -c 300000"], executable: shell)
    #expect(much.output.count == 300_000)
    let slow = try Command.run(["-c", "exec sleep 20"], timeout: 0.2, executable: shell)
    #expect(slow.timedOut && slow.status == 128 + 9)
    #expect(Fixtures.exists(Command.executable), "\(Command.executable.path)")
  }

  @Test func temporaryFoldersGo() throws {
    var folder: TemporaryFolder? = try TemporaryFolder()
    let url = try #require(folder?.url)
    try folder?.write("x", to: "a/b.txt")
    #expect(Fixtures.exists(url.appending(path: "a/b.txt")))
    folder = nil
    #expect(!Fixtures.exists(url, isFolder: true))
  }
}
