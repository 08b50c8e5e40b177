import CBLAS
import CKernels
import Foundation
import Tensors
import Testing

/// Which code runs, and that a programmer's mistakes end the program instead of reaching memory. Each is tried in a
/// child process.
@Suite struct DispatchTests {
  @Test func names() {
    #expect(KernelSet.allCases.last?.name == "portable" && kernels_named("none") == nil)
    #expect(["AVX-512 with BF16", "AVX-512", "AVX2", "portable"].contains(kernelsName))
    #expect(!BLAS.description.isEmpty)
  }

  @Test func theEnvironmentAsksForThePortableKernels() async {
    await #expect(processExitsWith: .exitCode(3)) {
      setenv("PROMPTFERRY_KERNELS", "portable", 1)
      exit(kernelsName == "portable" ? 3 : 4)
    }
  }

  @Test func threadsFromTheScheduler() async {
    await #expect(processExitsWith: .exitCode(35)) {
      setenv("SLURM_CPUS_PER_TASK", "0", 1)  // no count: the next one decides
      setenv("OMP_NUM_THREADS", "5", 1)
      let second = Parallelism.granted.threads
      setenv("SLURM_CPUS_PER_TASK", "3", 1)
      exit(Int32(Parallelism.granted.threads * 10 + second))
    }
  }

  @Test func elementsMustFillTheShape() async {
    await #expect(processExitsWith: .failure) { _ = Matrix(rows: 2, columns: 2, [1, 2, 3]) }
  }

  @Test func subscriptsMustBeInside() async {
    await #expect(processExitsWith: .failure) { _ = Matrix(rows: 2, columns: 2)[0, 2] }
  }

  @Test func shapesMustMultiply() async {
    await #expect(processExitsWith: .failure) {
      var result = Matrix(rows: 2, columns: 2)
      result.multiply(Matrix(rows: 2, columns: 3), Matrix(rows: 2, columns: 2))
    }
  }

  @Test func labelsMustBeColumns() async {
    await #expect(processExitsWith: .failure) {
      var logits = Matrix(rows: 1, columns: 2)
      _ = CrossEntropy.forwardBackward(&logits, labels: [2], scales: [1])
    }
  }
}
