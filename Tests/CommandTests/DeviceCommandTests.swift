import CUDA
import Experiments
import Foundation
import LanguageModels
import PromptTransfer
import Synchronization
import Tensors
import TestSupport
import Testing
import promptferry_bench

/// What the command says of devices, and what `make gpu-check` runs on one.
@Suite(.serialized) struct DeviceCommandTests {
  /// One clear error, with what to do; no files.
  @Test(.enabled(if: (try? GPU.count()) == nil, "SKIPPED: this machine has NVIDIA's driver"))
  func aDeviceThatIsNotThere() throws {
    let folder = try TemporaryFolder()
    let model = Fixtures.repository.appending(path: "share/promptferry/zoo/bert-tiny").path
    let outcome = try Command.run(
      [
        "tune", "--model", model, "--facts", "atlas:capital", "--vectors", "3", "--device", "cuda", "-o",
        folder.url.appending(path: "prompt.safetensors").path,
      ])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("--device cuda: cannot be used: NVIDIA's driver is not there"))
    #expect(outcome.errors.contains("--device cpu runs it here") && outcome.output.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    #expect(try Command.run(["--version"]).output.contains("GPUs     none: NVIDIA's driver is not there"))
  }

  @Test func namesOfDevices() throws {
    let outcome = try Command.run(["evaluate", "--model", "x", "--facts", "y", "--device", "gpu"])
    #expect(outcome.status == 64 && outcome.errors.contains("--device"))
  }

  /// On the kernels that run on a GPU, compiled for this processor.
  @Test(arguments: ["bert-odd", "gemma3-odd", "t5-odd"])
  func theLadderOfTheBench(_ name: String) throws {
    let checks = try EmulatedDevice.standingIn([EmulatedDevice()]) {
      let ladder = try DeviceLadder(Fixtures.model(name), device: .cuda(0))
      #expect(ladder.deviceName == "emulated device")
      return try ladder.checks()
    }
    #expect(checks.count == 27)
    for check in checks { #expect(check.isRight, "\(check)") }
    for precision in [Precision.bf16, .f16] {
      #expect(checks.contains { $0.precision == precision && $0.difference > 1e-5 })
    }
  }

  /// Each GPU takes its share of an experiment's cells; what comes out is the same.
  @Test func gpusShareAnExperiment() throws {
    let bench = try ExperimentBench(["relations": #"["capital"]"#, "seeds": "[0, 1, 2]"])
    let root = bench.world.folder.url
    func run(_ devices: [EmulatedDevice], _ choice: DeviceChoice, to name: String) throws -> [String: Data] {
      try EmulatedDevice.standingIn(devices) {
        let runner = try Runner(
          ExperimentConfiguration(contentsOf: root.appending(path: "tiny.json")),
          store: Store(folder: root.appending(path: name)),
          places: Places(
            model: { root.appending(path: $0) }, file: { root.appending(path: $0) },
            task: { throw TransferError($0, "is no task") }),
          version: "0", device: choice)
        #expect(try runner.run(Parallelism(threads: 1), shouldStop: { false }) == .finished)
      }
      return try bench.results(name)
    }
    let alone = try run([EmulatedDevice()], .cuda(0), to: "alone")
    #expect(alone.count == 11)
    // Neither of the two goes on before the other has begun with a model.
    let begun = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
    let met = Mutex<[Bool]>([])
    let devices = (0..<2).map { own in
      EmulatedDevice {
        begun[own].signal()
        let hasBegun = begun[1 - own].wait(timeout: .now() + 300) == .success
        begun[1 - own].signal()
        met.withLock { $0.append(hasBegun) }
      }
    }
    #expect(try run(devices, .auto, to: "together") == alone)
    let found = met.withLock { $0 }
    #expect(found.count >= 2 && found.allSatisfy { $0 })
  }
}
