import Foundation
import Tensors

/// What the machine can do: matrix products of BLAS, one a thread at once, at a size that suits it.
final class MachineRate {
  private static let (size, rounds) = (1024, 8)
  private let parallelism: Parallelism
  private let inputs: [Matrix]
  private let outputs: [Matrix]

  init(threads: Int) {
    parallelism = Parallelism(threads: threads)
    inputs = (0..<threads).map { _ in
      Matrix(
        rows: Self.size, columns: Self.size, (0..<Self.size * Self.size).map { Float($0 % 7 + 1) })
    }
    outputs = inputs
  }

  /// Floating-point operations a second, over a fraction of a second.
  func measure() -> Double {
    let (size, rounds, inputs, outputs) = (Self.size, Self.rounds, inputs, outputs)
    let seconds = elapsed {
      parallelism.forEach(inputs.count) { _, task in
        var product = outputs[task]
        for _ in 0..<rounds { product.multiply(inputs[task], inputs[task]) }
      }
    }
    return Double(inputs.count * rounds * 2 * size * size * size) / seconds
  }
}

/// The most memory this process has had at once; 0 where the system does not say.
func peakMemoryBytes() -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
  return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
}
