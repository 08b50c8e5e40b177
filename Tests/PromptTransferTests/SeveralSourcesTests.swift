import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct SeveralSourcesTests {
  static let methods: [any TransferMethod] = [
    RelativeSearch(.exact(ridge: 0.1), mask: .all), RelativeSearch(.exact(ridge: 0), mask: .top(6)),
    RelativeSearch(.gradient(steps: 40, learningRate: 1e-2), mask: .topAbsolute(6)), LinearMap(ridge: 0.1),
    CanonicalMap(ridge: 3), Procrustes(), NeuralProjector(), NearestWord(), WeightedWords(), RandomVectors(),
    CanonicalMap(ridge: 3, centred: true), LinearMap(ridge: 0.1, centred: true, polar: true),
    Procrustes(centred: true), Procrustes(centred: true, components: .all), MatchingPursuit(wordCount: 3),
    Neighbours(3), Neighbours(4, weights: .barycentric), Neighbours(nil, weights: .softmax(temperature: 0.1)),
    Neighbours(nil, metric: .cosine, weights: .sparsemax), ShuffledAnchors(), RandomSpectrum(),
    NormalVectors(), MeanVector(),
  ]

  private func carry(
    _ sources: [Source], _ target: LanguageModel, _ method: any TransferMethod, _ rule: NormalizationRule
  ) throws -> FittedTransfer.Outcome {
    try PromptTransferTests.carry(sources, to: target.space, method, rule, threads: 1)
  }

  /// Any order gives the same bits; weights count, but only relative to each other.
  @Test(arguments: methods, [NormalizationRule.none, .strength, .deviation])
  func orderDoesNotMatterWeightsDo(_ method: any TransferMethod, _ rule: NormalizationRule) throws {
    guard rule != .deviation || !method.findsDirectionsOnly else { return }
    let world = try TinyWorld()
    let target = try world.model("target", width: 10, seed: 9)
    let models = try [8, 6, 8].enumerated().map { try world.model("m\($0)", width: $1, seed: UInt64($0 + 1)) }
    func sources(_ weights: [Float]) -> [Source] {
      zip(models, weights).enumerated().map { index, pair in
        let prompt = TinyWorld.prompt(pair.0, seed: UInt64(index + 20))
        return Source(space: pair.0.space, prompt: prompt, weight: pair.1)
      }
    }
    let given = sources([1, 2, 3])
    let first = try carry(given, target, method, rule)
    for order in [[1, 0, 2], [2, 1, 0], [1, 2, 0]] {
      let other = try carry(order.map { given[$0] }, target, method, rule)
      #expect(other.vectors == first.vectors && other.objective == first.objective)
    }
    if rule != .none {
      let scaled = try carry(sources([2, 4, 6]), target, method, rule).vectors
      expectClose(scaled, first.vectors, absolute: 1e-5)
    }
    guard type(of: method).readsPrompts, !(method is NearestWord) else { return }
    #expect(try carry(sources([3, 2, 1]), target, method, rule).vectors != first.vectors)
  }

  /// The same source twice is that source.
  @Test(arguments: methods.filter { type(of: $0).readsPrompts && !($0 is WeightedWords) })
  func twiceTheSameIsOnce(_ method: any TransferMethod) throws {
    let world = try TinyWorld()
    let (model, target) = (try world.model("a"), try world.model("b", width: 6, seed: 2))
    let source = Source(space: model.space, prompt: TinyWorld.prompt(model))
    let once = try carry([source], target, method, .strength).vectors
    expectClose(try carry([source, source], target, method, .strength).vectors, once, absolute: 1e-4)
  }

  /// Two models with one table, which nothing but their prompts tells apart.
  @Test(arguments: methods)
  func sourcesMayHaveOneTable(_ method: any TransferMethod) throws {
    let world = try TinyWorld()
    let target = try world.model("target", width: 6, seed: 9)
    let twins = try ["one", "other"].map { try world.model($0) }
    let prompts = twins.indices.map { TinyWorld.prompt(twins[$0], seed: UInt64(30 + $0)) }
    let given = zip(twins, prompts).map { Source(space: $0.space, prompt: $1) }
    let first = try carry(given, target, method, .strength)
    #expect(try carry(given.reversed(), target, method, .strength).vectors == first.vectors)
    // Several prompts together, in whatever order their vectors put the two.
    let fitted = try Transfer(
      try SharedVocabulary(sources: twins.map(\.space), target: target.space), method: method,
      normalization: .strength, parallelism: Parallelism(threads: 1)
    ).fit()
    let together = try fitted.carry([prompts, prompts.reversed()])
    #expect(together[0].vectors == first.vectors && together[1].vectors == first.vectors)
  }

  /// Each of several prompts comes out as it would alone, its objective with it.
  @Test(arguments: methods)
  func severalPromptsAreKeptApart(_ method: any TransferMethod) throws {
    let world = try TinyWorld()
    let (model, target) = (try world.model("a"), try world.model("b", width: 6, seed: 2))
    let prompts = (0..<3).map { TinyWorld.prompt(model, seed: UInt64(40 + $0)) }
    let fitted = try Transfer(
      try SharedVocabulary(sources: [model.space], target: target.space), method: method, seed: 3,
      parallelism: Parallelism(threads: 1)
    ).fit()
    let together = try fitted.carry(prompts.map { [$0] })
    for (prompt, found) in zip(prompts, together) {
      let alone = try fitted.carry([prompt])
      expectClose(found.vectors, alone.vectors, absolute: 1e-5)
      #expect((found.objective == nil) == (alone.objective == nil))
      expectClose(found.objective ?? [], alone.objective ?? [], absolute: 1e-6)
    }
    guard type(of: method).readsPrompts else { return }
    #expect(Set(together.compactMap(\.objective)).count == prompts.count)
  }

  @Test func weightsArePositive() throws {
    let model = try TinyWorld().model("a")
    for weight in [0, -1, .nan, .infinity] as [Float] {
      #expect(throws: TransferError.self) {
        try carry(
          [Source(space: model.space, prompt: TinyWorld.prompt(model), weight: weight)], model, LinearMap(),
          .none)
      }
    }
  }
}
