import CUDA
import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// The networks for GPUs against transformers and against those of this processor: the kernels that run there, compiled for it.
@Suite(.serialized) struct CUDATests {
  private static func model(
    _ name: String, _ precision: Precision = .f32, _ device: EmulatedDevice = EmulatedDevice()
  ) throws -> CUDAModel {
    try CUDAModel(Checkpoint(folder: Fixtures.model(name)), precision: precision, device: device)
  }

  /// From the embeddings to ten steps of tuning, to the tolerances of this processor's.
  @Test(arguments: GoldenTests.cases)
  func ladder(_ name: String) throws {
    let golden = try Golden(Fixtures.model(name))
    let model = try Self.model(name)
    let layers = model.configuration.layerCount / model.configuration.layersPerGroup
    let rungs = try Ladder(model, golden).comparisons(golden, layerCount: layers)
    #expect(rungs.count > 9 && model.failure == nil)
    for (name, worst) in rungs {
      #expect(worst?.isAllowed == true, "\(name): \(worst?.description ?? "another shape")")
    }
  }

  @Test(arguments: GoldenTests.zoo)
  func zooLadder(_ name: String) throws {
    let folder = Fixtures.repository.appending(path: "share/promptferry/zoo/\(name)")
    let golden = try Golden(Fixtures.folder.appending(path: "zoo/\(name)"))
    let model = try CUDAModel(Checkpoint(folder: folder), precision: .f32, device: EmulatedDevice())
    let layers = model.configuration.layerCount / model.configuration.layersPerGroup
    for (name, worst) in try Ladder(model, golden, steps: false).comparisons(golden, layerCount: layers)
    where !name.hasPrefix("steps") {
      #expect(worst?.isAllowed == true, "\(name): \(worst?.description ?? "another shape")")
    }
  }

  /// With 8 bits an operand, activations among them: as near as ``PrecisionTests`` has it, within twice; with 11 an eighth of that.
  @Test(arguments: GoldenTests.cases, [Precision.bf16, .f16])
  func ladderIn16Bits(_ name: String, _ precision: Precision) throws {
    let golden = try Golden(Fixtures.model(name))
    let model = try Self.model(name, precision)
    let ladder = Ladder(model, golden, steps: false)
    let share = precision == .f16 ? 1.0 / 8 : 1
    // Where a sum is so near 0 that rounding turns its sign, ReLU's slope jumps, whatever the rounding.
    let jumps = model.configuration.activationName.hasPrefix("relu")
    for (rung, limit) in [("logits", 0.04 * share), ("prompt_gradient", jumps ? 0.2 : 0.2 * share)] {
      let (found, expected) = (try #require(ladder.tensors[rung]), try #require(try golden.matrix(rung)))
      let off =
        PrecisionTests.distance(found.wide, expected.wide) / PrecisionTests.distance(expected.wide, nil)
      #expect(off < limit && off > 1e-5, "\(rung): \(off)")
      if ProcessInfo.processInfo.environment["PROMPTFERRY_SHOW_DIFFERENCES"] != nil {
        print("\(name) \(precision) \(rung): \(off)")
      }
    }
  }

  /// Several continuations of one sequence in one pass, as ``ContinuationTests`` has them.
  @Test(arguments: Branches.models)
  func branches(_ name: String) throws {
    let (model, expected) = (try Self.model(name), try FrozenModel(folder: Fixtures.model(name)))
    let prompt = Samples.matrix(2, model.configuration.embeddingWidth, "prompt", deviation: 0.5)
    func answers(_ network: some Network) -> [Float] {
      Branches().logProbabilities(network, prompt: prompt).flatMap { $0 }
    }
    expectClose(answers(model), answers(expected).map { Double($0) }, absolute: 2e-5)
  }

  /// A distribution as the target, over some words, at a temperature.
  @Test(arguments: ["bert-odd", "gemma2-odd", "t5-odd"])
  func divergences(_ name: String) throws {
    let golden = try Golden(Fixtures.model(name))
    let words = [9, 3, 17, 4]
    var targets = Samples.matrix(golden.inputs.count, words.count, "targets")
    Softmax.forward(&targets, temperature: 0.5)
    func results(_ network: some Network) -> (losses: [Float], gradient: Matrix, logits: Matrix) {
      let (head, workspace) = (network.candidates(words), Workspace())
      let group = TaughtGroup(
        inputs: golden.inputs, target: .distributions(targets, temperature: 1.5), prompt: golden.prompt,
        scale: 0.25)
      let (losses, gradient) = network.lossesAndGradients([group], candidates: head, workspace)[0]
      let logits = network.logits(
        golden.inputs[...], prompt: golden.prompt, candidates: head, Workspace(keepsLayers: false))
      return (losses, gradient, logits)
    }
    let found = results(try Self.model(name))
    let expected = results(try FrozenModel(folder: Fixtures.model(name)))
    expectClose(found.losses, expected.losses.map { Double($0) }, absolute: 2e-6)
    expectClose(found.gradient.elements, expected.gradient.wide, absolute: 2e-6)
    expectClose(found.logits.elements, expected.logits.wide, absolute: 1e-5)
  }

  /// The best word and the label's place, as on this processor; equals stand in their order, and a prompt that is no number is told.
  @Test(arguments: ["bert-odd", "gemma2-odd", "t5-odd"])
  func ranks(_ name: String) throws {
    let golden = try Golden(Fixtures.model(name))
    let words = [9, 3, 17, 9, 4, 9, 12]
    let labels = golden.inputs.indices.map { ($0 * 3 + 3) % words.count }
    func ranks(_ network: some Network, _ prompt: Matrix) -> [CandidateRank] {
      network.ranks(
        golden.inputs[...], labels: labels[...], prompt: prompt, candidates: network.candidates(words),
        Workspace(keepsLayers: false))
    }
    let (model, processor) = (try Self.model(name), try FrozenModel(folder: Fixtures.model(name)))
    let (found, expected) = (ranks(model, golden.prompt), ranks(processor, golden.prompt))
    #expect(found.map(\.best) == expected.map(\.best) && found.map(\.rank) == expected.map(\.rank))
    expectClose(
      found.map(\.logProbability), expected.map { Double($0.logProbability) }, absolute: 1e-5)
    let broken = Matrix(
      rows: golden.prompt.rows, columns: golden.prompt.columns,
      [Float](repeating: .nan, count: golden.prompt.count))
    #expect(ranks(model, broken).allSatisfy { $0.logProbability.isNaN })
  }

  /// Whatever shares a batch, to the last bit.
  @Test(
    arguments: ["bert-odd", "gpt2-odd", "gemma3-odd", "modernbert-odd", "t5-odd"], Precision.allCases)
  func companyDoesNotMatter(_ name: String, _ precision: Precision) throws {
    let golden = try Golden(Fixtures.model(name))
    let model = try Self.model(name, precision)
    let groups = (0..<3).map { index in
      TaughtGroup(
        inputs: Array(golden.inputs.dropFirst(index)), target: .labels(Array(golden.labels.dropFirst(index))),
        prompt: Samples.matrix(golden.prompt.rows, golden.prompt.columns, "prompt \(index)"), scale: 0.5)
    }
    let workspace = Workspace()
    let together = model.lossesAndGradients(groups, candidates: model.allWords, workspace)
    for (group, found) in zip(groups, together) {
      let alone = model.lossesAndGradients([group], candidates: model.allWords, workspace)[0]
      #expect(alone.losses == found.losses && alone.gradient == found.gradient)
    }
    #expect(Set(together.map(\.losses)).count == 3)
    let words = model.candidates([9, 3, 17, 4])
    let taught = groups.enumerated().map { index, group in
      var targets = Samples.matrix(group.inputs.count, 4, "targets \(index)")
      Softmax.forward(&targets, temperature: 0.5)
      return TaughtGroup(
        inputs: group.inputs, target: .distributions(targets, temperature: 1.5), prompt: group.prompt,
        scale: 1 / Float(index + 1))
    }
    let answers = model.lossesAndGradients(taught, candidates: words, workspace)
    for (group, found) in zip(taught, answers) {
      let alone = model.lossesAndGradients([group], candidates: words, workspace)[0]
      #expect(alone.losses == found.losses && alone.gradient == found.gradient)
    }
  }

  /// What finds no room is told, nothing crashes, and all memory is given back.
  @Test func memoryIsToldAndGivenBack() throws {
    let device = EmulatedDevice(limit: 600_000)
    do {
      let golden = try Golden(Fixtures.model("bert-odd"))
      let model = try Self.model("bert-odd", .f32, device)
      let group = TaughtGroup(
        inputs: golden.inputs, target: .labels(golden.labels), prompt: golden.prompt, scale: 1)
      let many = (0..<50).map { _ in group }
      let results = model.lossesAndGradients(many, candidates: model.allWords, Workspace())
      #expect(results.count == 50 && results[0].losses.allSatisfy(\.isNaN))
      let failure = try #require(model.failure)
      #expect("\(failure)".contains("emulated device is out of memory"))
    }
    #expect(device.allocations == 0)
    #expect(throws: CheckpointError.self) {
      _ = try Self.model("bert-odd", .f32, EmulatedDevice(limit: 1000))
    }
  }

  /// As many sequences at a time as find room.
  @Test func passesSuitTheMemory() throws {
    #expect(try Self.model("bert-odd").sequencesPerTask == 256)
    let little = try Self.model("bert-odd", .f32, EmulatedDevice(limit: 64 << 20)).sequencesPerTask
    #expect(try (9..<256).contains(#require(little)), "\(little ?? 0)")
    #expect(try Self.model("bert-odd", .f32, EmulatedDevice(limit: 600_000)).sequencesPerTask == 8)
  }

  /// Where NVRTC is at hand, for the processors that people have: `make gpu-compile` fetches it.
  @Test(
    .enabled(if: (try? Compiler.opened()) != nil, "SKIPPED: NVRTC is not here; make gpu-compile fetches it"),
    arguments: ["sm_80", "sm_90", "sm_100"], Precision.allCases)
  func kernelsCompile(_ architecture: String, _ precision: Precision) throws {
    let module = try Compiler.opened().module(
      KernelModules.source, architecture: architecture, KernelModules.options(precision))
    #expect(module.count > 100_000)
  }

  @Test func devicesByName() throws {
    #expect(DeviceChoice("cuda") == .cuda(nil) && DeviceChoice("cuda:3") == .cuda(3))
    #expect(DeviceChoice("auto") == .auto && DeviceChoice("cpu") == .cpu)
    for wrong in ["", "gpu", "cuda:", "cuda:-1", "cuda:1x", "CUDA"] { #expect(DeviceChoice(wrong) == nil) }
    for choice in [DeviceChoice.auto, .cpu, .cuda(2), .cuda(nil)] {
      #expect(DeviceChoice("\(choice)") == choice)
    }
  }
}
