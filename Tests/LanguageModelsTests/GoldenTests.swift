import CKernels
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Our models against transformers, from the embeddings to ten steps of tuning.
@Suite struct GoldenTests {
  static let cases = [
    "albert-groups", "albert-single", "bert-long", "bert-odd", "bert-untied", "camembert-odd",
    "distilbert-odd", "electra-odd", "gemma-odd", "gemma2-odd", "gemma3-odd", "gpt2-odd", "gpt2-prefixed",
    "llama-biases", "llama-grouped", "llama-rope-dynamic", "llama-rope-linear", "llama-rope-llama3",
    "llama-rope-yarn", "mistral-window", "modernbert-odd", "neox-odd", "neox-sequential", "olmo2-odd",
    "opt-odd", "opt-post", "opt-projected", "phi3-odd", "qwen2-odd", "qwen3-odd", "roberta-odd",
    "roberta-relu", "t5-gated", "t5-odd", "xlmr-odd",
  ]

  @Test func everyCaseIsThere() {
    #expect(Fixtures.folders(in: Fixtures.folder.appending(path: "models")) == Self.cases)
  }

  @Test(arguments: cases)
  func ladder(_ name: String) throws {
    let golden = try Golden(Fixtures.model(name))
    let model = try FrozenModel(folder: Fixtures.model(name))
    let layers = model.configuration.layerCount / model.configuration.layersPerGroup
    let rungs =
      [
        "embeddings", "logits", "loss", "loss64", "prompt", "prompt_gradient", "prompt_gradient64",
        "steps.loss",
      ]
      + ["steps.prompt", "steps_decay.prompt"] + (0..<layers).map { "layer.\($0)" }
    #expect(golden.names.filter { !["mapped", "final"].contains($0) } == rungs.sorted())
    try expectAgreement(Ladder(model, golden), golden, layers)
  }

  // The same with each set of kernels that this processor runs besides its best, in a child process that asks for it.

  @Test func laddersOfThePortableKernels() async {
    await #expect(processExitsWith: .exitCode(3)) {
      exit(try GoldenTests.disagreements(of: "portable") == 0 ? 3 : 4)
    }
  }

  @Test(.enabled(if: kernels_named("avx2") != nil, "this processor has no AVX2"))
  func laddersOfTheAVX2Kernels() async {
    await #expect(processExitsWith: .exitCode(3)) {
      exit(try GoldenTests.disagreements(of: "avx2") == 0 ? 3 : 4)
    }
  }

  /// How many rungs of all ladders are wrong by the kernels of that name, which this process must not have used others
  /// before.
  private static func disagreements(of set: String) throws -> Int {
    setenv("PROMPTFERRY_KERNELS", set, 1)
    guard let wanted = kernels_named(set), kernelsName == String(cString: kernels_name(wanted)) else {
      return -1
    }
    return try cases.reduce(0) { sum, name in
      let golden = try Golden(Fixtures.model(name))
      let model = try FrozenModel(folder: Fixtures.model(name))
      let layerCount = model.configuration.layerCount / model.configuration.layersPerGroup
      return try sum + Ladder(model, golden).disagreements(golden, layerCount: layerCount).count
    }
  }

  /// The zoo's models, which the repository holds in full; their golden files leave the largest tensors out.
  static let zoo = Fixtures.folders(in: Fixtures.folder.appending(path: "zoo"))

  @Test(arguments: zoo)
  func zooLadder(_ name: String) throws {
    let folder = Fixtures.repository.appending(path: "share/promptferry/zoo/\(name)")
    let golden = try Golden(Fixtures.folder.appending(path: "zoo/\(name)"))
    let model = try FrozenModel(folder: folder)
    #expect(Set(golden.names).isSuperset(of: ["prompt", "embeddings", "logits", "loss", "prompt_gradient"]))
    try expectAgreement(
      Ladder(model, golden), golden, model.configuration.layerCount / model.configuration.layersPerGroup)
  }

  @Test
  func theZooIsThere() {
    #expect(Self.zoo.count >= 4)
  }

  private func expectAgreement(_ ladder: Ladder, _ golden: Golden, _ layerCount: Int) throws {
    for (name, worst) in try ladder.comparisons(golden, layerCount: layerCount) {
      #expect(worst?.isAllowed == true, "\(name): \(worst?.description ?? "another shape")")
      if ProcessInfo.processInfo.environment["PROMPTFERRY_SHOW_DIFFERENCES"] != nil, let worst {
        print("\(name): \(worst)")
      }
    }
  }
}
