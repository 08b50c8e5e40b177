import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct SeveralSourcesTests {
  static let methods: [TransferMethod] = [
    .relative(.exact(ridge: 0.1), mask: .all), .relative(.exact(ridge: 0), mask: .top(6)),
    .relative(.gradient(steps: 40, learningRate: 1e-2), mask: .topAbsolute(6)), .linear(ridge: 0.1),
    .canonical(ridge: 3, shrinkage: 0.5), .procrustes,
    .projector(ProjectorSettings()), .discretize, .naive, .random,
  ]

  private func carry(
    _ sources: [TransferSource], _ target: LanguageModel, _ method: TransferMethod, _ rule: NormalizationRule
  ) throws -> Transfer.Outcome {
    try Transfer(
      sources: sources, target: target.space,
      anchors: Anchors(sources.map(\.space.tokenizer) + [target.tokenizer]), method: method,
      normalization: rule, parallelism: Parallelism(threads: 1)
    ).run()
  }

  /// Any order gives the same bits; weights count, but only relative to each other.
  @Test(arguments: methods, [NormalizationRule.none, .strength])
  func orderDoesNotMatterWeightsDo(_ method: TransferMethod, _ rule: NormalizationRule) throws {
    let world = try TinyWorld()
    let target = try world.model("target", width: 10, seed: 9)
    let models = try [8, 6, 8].enumerated().map { try world.model("m\($0)", width: $1, seed: UInt64($0 + 1)) }
    func sources(_ weights: [Float]) throws -> [TransferSource] {
      try zip(models, weights).enumerated().map { index, pair in
        let prompt = TinyWorld.prompt(pair.0, seed: UInt64(index + 20))
        return try TransferSource(space: pair.0.space, prompt: prompt, weight: pair.1)
      }
    }
    let given = try sources([1, 2, 3])
    let first = try carry(given, target, method, rule)
    for order in [[1, 0, 2], [2, 1, 0], [1, 2, 0]] {
      let other = try carry(order.map { given[$0] }, target, method, rule)
      #expect(other.vectors == first.vectors && other.objective == first.objective)
    }
    if rule == .strength {
      let scaled = try carry(sources([2, 4, 6]), target, method, rule).vectors
      expectClose(scaled, first.vectors, absolute: 1e-5)
    }
    guard method != .random, method != .discretize else { return }
    #expect(try carry(sources([3, 2, 1]), target, method, rule).vectors != first.vectors)
  }

  /// The same source twice is that source.
  @Test(arguments: methods.filter { $0 != .random && $0 != .naive })
  func twiceTheSameIsOnce(_ method: TransferMethod) throws {
    let world = try TinyWorld()
    let (model, target) = (try world.model("a"), try world.model("b", width: 6, seed: 2))
    let source = try TransferSource(space: model.space, prompt: TinyWorld.prompt(model))
    let once = try carry([source], target, method, .strength).vectors
    expectClose(try carry([source, source], target, method, .strength).vectors, once, absolute: 1e-4)
  }

  @Test func weightsArePositive() throws {
    let model = try TinyWorld().model("a")
    for weight in [0, -1, .nan, .infinity] as [Float] {
      #expect(throws: TransferError.self) {
        try TransferSource(space: model.space, prompt: TinyWorld.prompt(model), weight: weight)
      }
    }
  }
}
