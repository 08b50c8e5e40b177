import CBLAS
import Foundation
import Tensors

/// What the machine can do, and what it is asked for.
enum MachineRate {
  /// Floating-point operations a second of `threads` matrix products of BLAS at once, at a size that suits it: the best of
  /// several tries.
  static func sgemm(threads: Int) -> Double {
    let (size, rounds) = (1024, 6)
    let inputs = (0..<threads).map { _ in
      Matrix(rows: size, columns: size, (0..<size * size).map { Float($0 % 7 + 1) })
    }
    let best = (0..<5).map { _ in
      elapsed {
        Parallelism(threads: threads).forEach(threads) { _, task in
          var product = Matrix(rows: size, columns: size)
          for _ in 0..<rounds { product.multiply(inputs[task], inputs[task]) }
        }
      }
    }.min()
    return Double(threads * rounds * 2 * size * size * size) / (best ?? .infinity)
  }

  /// The most memory this process has had at once; 0 where the system does not say.
  static var peakMemoryBytes: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
  }
}

/// How many seconds the work takes.
func elapsed(_ work: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock.now
  try work()
  return clock.duration(to: .now) / .seconds(1)
}
