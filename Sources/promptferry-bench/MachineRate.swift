import CBLAS
import Foundation
import Tensors

/// What the machine can do: matrix products, one a thread at once, at a size that suits them, by the best kernels that are
/// known for it. Those of BLAS may be of another processor.
final class MachineRate {
  private static let (size, rounds) = (1024, 4)
  private let parallelism: Parallelism
  private let inputs: [Matrix]
  private let outputs: [Matrix]
  /// Our own products, in Float32 and in what is measured.
  private let maps: [Linear]

  init(threads: Int, precision: Precision) {
    parallelism = Parallelism(threads: threads)
    let size = Self.size
    inputs = (0..<threads).map { _ in
      Matrix(rows: size, columns: size, (0..<size * size).map { Float($0 % 7 + 1) })
    }
    outputs = inputs
    let weight = inputs[0]
    maps = Set([.f32, precision]).map {
      Linear(weight: weight, bias: Matrix(rows: 1, columns: size), precision: $0)
    }
  }

  /// Floating-point operations a second, over a fraction of a second.
  func measure() -> Double {
    let (size, inputs) = (Self.size, inputs)
    let blas = rate { task, product in
      let target = product.mutablePointer()
      BLAS.gemm(
        transposeA: false, transposeB: false, m: size, n: size, k: size, alpha: 1, inputs[task].pointer,
        lda: size, inputs[task].pointer, ldb: size, beta: 0, target, ldc: size)
    }
    return maps.map { map in rate { map.productForward(inputs[$0], into: &$1) } }.reduce(blas, max)
  }

  private func rate(_ multiply: @escaping @Sendable (_ task: Int, _ product: inout Matrix) -> Void) -> Double
  {
    let (size, rounds, outputs) = (Self.size, Self.rounds, outputs)
    let seconds = elapsed {
      parallelism.forEach(outputs.count) { _, task in
        var product = outputs[task]
        for _ in 0..<rounds { multiply(task, &product) }
      }
    }
    return Double(outputs.count * rounds * 2 * size * size * size) / seconds
  }
}

/// The most memory this process has had at once; 0 where the system does not say.
func peakMemoryBytes() -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
  return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
}
