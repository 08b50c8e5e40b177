import PromptTransfer
import Tensors
import TestSupport
import Testing
import Tokenization

@Suite struct TransferTests {
  private func transfer(
    _ source: LanguageModel, _ target: LanguageModel, _ method: TransferMethod,
    normalize rule: NormalizationRule = .strength, seed: UInt64 = 0
  ) throws -> Transfer {
    try Transfer(
      sources: [TransferSource(space: source.space, prompt: TinyWorld.prompt(source))], target: target.space,
      anchors: Anchors([source.tokenizer, target.tokenizer]), method: method, normalization: rule, seed: seed,
      parallelism: Parallelism(threads: 2))
  }

  @Test func anchorsAreTheSharedWordsSorted() throws {
    let world = try TinyWorld()
    let a = try world.model("a", extra: ["zebra", "##ing", "Ärger"])
    let b = try world.model("b", seed: 2, extra: ["zebra", "apple", "##ing"])
    let anchors = Anchors([a.tokenizer, b.tokenizer])
    #expect(anchors.words == (TinyWorld.words + ["zebra"]).sorted())
    #expect(
      Anchors([a.tokenizer, b.tokenizer], list: ["zebra", "rome", "unknown", "rome"]).words == [
        "rome", "zebra",
      ])
    #expect(Anchors([a.tokenizer, b.tokenizer], count: .first(2)).words == [".", "capital"])
  }

  /// With `strength`, a prompt carried to its own model comes back, lengths included.
  @Test func toItselfThePromptComesBack() throws {
    let world = try TinyWorld()
    let model = try world.model("model", width: 8)
    let prompt = TinyWorld.prompt(model).vectors
    let outcome = try transfer(model, model, .relative(.exact(ridge: 0), mask: .all)).run()
    expectClose(outcome.vectors, prompt, absolute: 1e-4)
    for value in try #require(outcome.objective) { #expect(value > 0.99999) }
    #expect(try transfer(model, model, .copy).run().vectors == prompt)
    let linear = try transfer(model, model, .linear(ridge: 0), normalize: .none).run()
    expectClose(linear.vectors, prompt, absolute: 1e-3)
  }

  @Test func gradientAndExactSearchAgree() throws {
    let world = try TinyWorld()
    let (a, b) = (try world.model("a", width: 8), try world.model("b", width: 6, seed: 2))
    let exact = try transfer(a, b, .relative(.exact(ridge: 0), mask: .all)).run()
    let gradient = try transfer(a, b, .relative(.gradient(steps: 2000, learningRate: 5e-3), mask: .all)).run()
    for row in 0..<3 { #expect(cosine(exact.vectors, gradient.vectors, row: row) > 0.999) }
    for (best, found) in zip(try #require(exact.objective), try #require(gradient.objective)) {
      #expect(best >= found - 1e-6)
    }
  }

  @Test func baselinesDoWhatTheySay() throws {
    let world = try TinyWorld()
    let (a, b) = (try world.model("a"), try world.model("b", width: 6, seed: 2))
    let random = try transfer(a, b, .random).run().vectors
    #expect(random == (try transfer(a, b, .random).run().vectors))
    #expect(random != (try transfer(a, b, .random, seed: 1).run().vectors))
    #expect(random.columns == 6)
    let nearest = try transfer(a, b, .discretize, normalize: .none).run().vectors
    let words = a.space.nearestWords(to: TinyWorld.prompt(a).vectors, count: 1).map { $0[0].word }
    let ids = try words.map { try #require(b.tokenizer.singleToken($0)) }
    #expect(nearest == b.space.table.rows(ids))
  }

  @Test func senselessCombinationsAreRefused() throws {
    let world = try TinyWorld()
    let (a, b) = (try world.model("a"), try world.model("b", width: 6, seed: 2))
    func problem(_ body: () throws -> Transfer) -> String {
      do {
        _ = try body()
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(problem { try transfer(a, b, .copy) }.contains("a has width 8, b has 6"))
    let source = try TransferSource(space: a.space, prompt: TinyWorld.prompt(a))
    func make(_ sources: [TransferSource], _ words: [String], _ method: TransferMethod) throws -> Transfer {
      try Transfer(
        sources: sources, target: b.space, anchors: Anchors([a.tokenizer, b.tokenizer], list: words),
        method: method,
        normalization: .strength, parallelism: .granted)
    }
    #expect(problem { try make([source], ["rome"], .naive) }.contains("share 1 words"))
    #expect(problem { try make([source, source], ["rome", "paris"], .copy) }.contains("takes one source"))
    let shorter = try TransferSource(space: a.space, prompt: TinyWorld.prompt(a, vectors: 2))
    #expect(
      problem { try make([source, shorter], ["rome", "paris"], .relative(.exact(ridge: 0), mask: .all)) }
        .contains("must agree in their templates"))
  }
}
