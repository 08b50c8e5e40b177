import CUDA
import Formats
import Foundation
import LanguageModels
import PromptTransfer
import Synchronization
import Tensors
import TestSupport
import Testing

/// Tuning and evaluating on a device, by the kernels that run there.
@Suite(.serialized) struct DeviceTests {
  /// Prompts come out as on this processor but for the rounding, several as each alone, and say where they were made.
  @Test func tuningAndAnswers() throws {
    let world = try TinyWorld()
    let folder = try world.write("model", width: 32)
    var settings = TuningSettings()
    settings.epochs = 3
    settings.batchSize = 16
    settings.learningRate = 0.1
    func tune(_ model: LanguageModel, facts: [[Example]]) throws -> [TuningResult] {
      let evaluator = try TinyWorld.evaluator(model, threads: 2)
      let tuner = Tuner(evaluator: evaluator, settings: settings)
      return try tuner.tune(
        facts.map {
          TuningJob(
            name: "facts", train: $0, dev: TinyWorld.facts, template: .vectors(3),
            start: tuner.randomStart(vectorCount: 3))
        })
    }
    let facts = [40, 7, 19].map { count in (0..<count).map { TinyWorld.facts[$0 % 3] } }
    let expected = try tune(LanguageModel(folder: folder), facts: facts)
    try EmulatedDevice.standingIn([EmulatedDevice()]) {
      let model = try LanguageModel(folder: folder, Computing(device: .cuda(0), precision: .f32))
      let together = try tune(model, facts: facts)
      for (index, result) in together.enumerated() {
        #expect(try tune(model, facts: [facts[index]])[0].vectors == result.vectors)
        expectClose(result.vectors.elements, expected[index].vectors.wide, absolute: 1e-4)
        #expect(result.prompt.provenance["device"] == "emulated device")
        #expect(result.bestDevAccuracy == expected[index].bestDevAccuracy)
      }
      #expect(expected[0].prompt.provenance["device"] == nil)
      let narrow = try LanguageModel(folder: folder, Computing(device: .cuda(0)))
      #expect(narrow.network.precision == .bf16)
      let rounded = try tune(narrow, facts: [facts[0]])[0]
      #expect(rounded.vectors != together[0].vectors && rounded.prompt.provenance["precision"] == "bf16")
      expectClose(
        rounded.epochs.map(\.trainLoss), expected[0].epochs.map(\.trainLoss), absolute: 0.03, relative: 0.03)
    }
  }

  /// A device that fails under way is told: a choice by agreement does not go on with answers that are none.
  @Test func aFailureIsNoAnswer() throws {
    let world = try TinyWorld()
    let source = try LanguageModel(folder: world.write("source", width: 16))
    let folder = try world.write("target", width: 24)
    let device = EmulatedDevice()
    try EmulatedDevice.standingIn([device]) {
      let target = try LanguageModel(folder: folder, Computing(device: .cuda(0), precision: .f32))
      let facts = TinyWorld.facts
      let agreement = try Agreement(
        [try Teacher(model: source, prompt: TinyWorld.prompt(source))], target: target,
        subjects: SubjectSet(of: facts), parallelism: Parallelism(threads: 2))
      let evaluator = try TinyWorld.evaluator(target)
      let set = try evaluator.prepare(facts, template: .vectors(3))
      let vectors = TinyWorld.prompt(target).vectors
      #expect(try agreement.score(vectors, shouldStop: { false }) != nil)
      #expect(try evaluator.predictions(set, prompt: vectors)?.count == 3)
      device.fail()
      for body in [
        { _ = try agreement.score(vectors, shouldStop: { false }) },
        { _ = try evaluator.predictions(set, prompt: vectors) },
      ] {
        let error = #expect(throws: TransferError.self) { try body() }
        #expect("\(try #require(error))".contains("it was unplugged"))
      }
    }
  }

  /// The best prompts before a device fails under way are those of a tuning that was stopped there; a job that learned nothing has none.
  @Test func theBestIsRescued() throws {
    let world = try TinyWorld()
    let folder = try world.write("model", width: 32)
    let device = EmulatedDevice()
    try EmulatedDevice.standingIn([device]) {
      let model = try LanguageModel(folder: folder, Computing(device: .cuda(0), precision: .f32))
      var settings = TuningSettings()
      settings.learningRate = 0.1
      let tuner = Tuner(evaluator: try TinyWorld.evaluator(model), settings: settings)
      let jobs = [TinyWorld.facts, []].map {
        TuningJob(
          name: "facts", train: TinyWorld.facts, dev: $0, template: .vectors(3),
          start: tuner.randomStart(vectorCount: 3))
      }
      let isOver = Atomic<Bool>(false)
      func end(_ progress: TuningProgress) {
        if progress.done >= 8 { isOver.store(true, ordering: .relaxed) }
      }
      let stopped = try tuner.tune(
        jobs, progress: end, shouldStop: { isOver.load(ordering: .relaxed) })
      isOver.store(false, ordering: .relaxed)
      var rescued: [Int: SoftPrompt] = [:]
      let error = #expect(throws: TransferError.self) {
        _ = try tuner.tune(
          jobs,
          progress: {
            end($0)
            if isOver.load(ordering: .relaxed) { device.fail() }
          }, rescue: { rescued[$0] = $1 })
      }
      #expect("\(try #require(error))".contains("it was unplugged"))
      #expect(rescued.keys.sorted() == [0] && rescued[0]?.vectors == stopped[0].vectors)
      #expect(rescued[0]?.provenance["complete"] == "false")
      #expect(stopped[0].vectors != tuner.randomStart(vectorCount: 3))
    }
  }

  /// Models that are stored in Float16 keep it on a GPU, but for families that are known to pass its end, and `--precision f16` is not
  /// for this processor. Numbers that it cannot hold are told, with what does.
  @Test func modelsInFloat16() throws {
    let world = try TinyWorld()
    func precision(_ model: String, _ choice: PrecisionChoice? = nil) throws -> Precision {
      try Computing(device: .cuda(0), precision: choice).network(Fixtures.model(model)).precision
    }
    try EmulatedDevice.standingIn([EmulatedDevice()]) {
      #expect(try precision("roberta-relu") == .f16 && precision("roberta-relu", .auto) == .f16)
      #expect(try precision("roberta-relu", .bf16) == .bf16 && precision("bert-untied") == .bf16)
      #expect(try precision("bert-odd") == .bf16 && precision("bert-odd", .f16) == .f16)
      let model = try LanguageModel(
        folder: world.write("model", width: 32), Computing(device: .cuda(0), precision: .f16))
      let evaluator = try TinyWorld.evaluator(model)
      let set = try evaluator.prepare(TinyWorld.facts, template: .vectors(3))
      var vectors = TinyWorld.prompt(model).vectors
      #expect(try evaluator.predictions(set, prompt: vectors)?.count == 3)
      vectors[0, 0] = .infinity
      let error = #expect(throws: TransferError.self) { _ = try evaluator.predictions(set, prompt: vectors) }
      #expect("\(try #require(error))".contains("--precision bf16"))
    }
    for family in ["gemma3-odd", "t5-odd", "bert-odd"] {
      let file = Fixtures.model(family).appending(path: "config.json")
      let configuration = try ModelConfiguration(JSON(contentsOf: file, as: .python), file: file)
      #expect(configuration.passesFloat16 == (family != "bert-odd"))
    }
    let error = #expect(throws: TransferError.self) {
      _ = try LanguageModel(
        folder: world.write("model"), Computing(device: .cpu, precision: .f16))
    }
    #expect("\(try #require(error))".contains("--precision f16: is for GPUs"))
  }

  /// `auto` takes this processor where the device has no room, `cuda` says so; what fails on the way is told.
  @Test func memoryThatIsNotThere() throws {
    let world = try TinyWorld()
    let folder = try world.write("model", width: 32)
    try EmulatedDevice.standingIn([EmulatedDevice(limit: 1 << 20)]) {
      #expect(try LanguageModel(folder: folder, Computing(device: .auto)).network.deviceName == nil)
      let error = try #require(throws: TransferError.self) {
        try LanguageModel(folder: folder, Computing(device: .cuda(0)))
      }
      #expect("\(error)".contains("out of memory") && "\(error)".contains("--device cpu"))
    }
    // One whose products are not this processor's is not trusted with a model.
    try EmulatedDevice.standingIn([EmulatedDevice(isBroken: true)]) {
      #expect(try LanguageModel(folder: folder, Computing(device: .auto)).network.deviceName == nil)
      let error = try #require(throws: TransferError.self) {
        try LanguageModel(folder: folder, Computing(device: .cuda(0)))
      }
      #expect("\(error)".contains("the check of products failed"))
    }
    try EmulatedDevice.standingIn([EmulatedDevice(limit: 258 << 20)]) {
      let model = try LanguageModel(folder: folder, Computing(device: .auto))
      #expect(model.network.deviceName == "emulated device")
    }
  }
}
