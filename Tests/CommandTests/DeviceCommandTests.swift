import CUDA
import Foundation
import LanguageModels
import PromptTransfer
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
    #expect(outcome.errors.contains("--device cuda:0: cannot be used: NVIDIA's driver is not there"))
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
    DeviceChoice.substitute.withLock { $0 = EmulatedDevice() }
    defer { DeviceChoice.substitute.withLock { $0 = nil } }
    let ladder = try DeviceLadder(Fixtures.model(name), device: .cuda(0))
    #expect(ladder.deviceName == "emulated device")
    let checks = try ladder.checks()
    #expect(checks.count == 18)
    for check in checks { #expect(check.isRight, "\(check)") }
    #expect(checks.contains { $0.precision == .bf16 && $0.difference > 1e-5 })
  }
}
