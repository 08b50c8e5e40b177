import PromptTransfer
import Tensors
import TestSupport
import Testing
import Tokenization

@Suite struct TransferTests {
  private func transfer(
    _ source: LanguageModel, _ target: LanguageModel, _ method: any TransferMethod,
    normalize rule: NormalizationRule? = nil, seed: UInt64 = 0
  ) throws -> FittedTransfer.Outcome {
    try carry(
      [Source(space: source.space, prompt: TinyWorld.prompt(source))], to: target.space, method, rule,
      seed: seed)
  }

  @Test func anchorsAreTheSharedWordsSorted() throws {
    let world = try TinyWorld()
    let a = try world.model("a", extra: ["zebra", "##ing", "Ärger"])
    let b = try world.model("b", seed: 2, extra: ["zebra", "apple", "##ing"])
    let shared = try SharedVocabulary(sources: [a.space], target: b.space)
    #expect(shared.words == (TinyWorld.words + ["zebra"]).sorted())
    for (place, word) in shared.words.enumerated() {
      #expect(try shared.sources[0].ids[place] == a.tokenizer.singleToken(word))
      #expect(try shared.target.ids[place] == b.tokenizer.singleToken(word))
    }
    let list = ["zebra", "rome", "unknown", "rome"]
    let listed = try SharedVocabulary(sources: [a.space], target: b.space, list: list)
    #expect(listed.words == ["rome", "zebra"])
    let first = try SharedVocabulary(sources: [a.space], target: b.space, count: .first(2))
    #expect(first.words == [".", "capital"])
  }

  /// By their ids in the target, which follow the order in which the words of the world stand.
  @Test func frequentWordsAreTheTargetsFirst() throws {
    let world = try TinyWorld()
    let source = try world.model("a", extra: ["zebra", "apple"]).space
    let target = try world.model("b", seed: 2, extra: ["apple", "zebra"]).space
    func words(_ count: Int, skipping skipped: Int) throws -> [String] {
      try SharedVocabulary(sources: [source], target: target, count: .frequent(count, skipping: skipped))
        .words
    }
    #expect(try words(3, skipping: 2) == TinyWorld.words[2..<5].sorted())
    #expect(try words(1, skipping: TinyWorld.words.count) == ["apple"])
    #expect(try words(9, skipping: TinyWorld.words.count) == ["apple", "zebra"])
    #expect(try words(9, skipping: 100).isEmpty)
  }

  /// Words whose rows lie with those of the special tokens, in the source or in the target, are left out; where training has
  /// left no such place, none are.
  @Test(arguments: [0, 1]) func wordsThatWereHardlyLearnedAreLeftOut(_ side: Int) throws {
    let world = try TinyWorld()
    let folder = try world.write("damaged")
    let (learned, other) = (try world.model("a").space, try world.model("b", width: 6, seed: 2).space)
    let vocabulary = TinyWorld.special + TinyWorld.words
    var rows = learned.table.rows(Array(0..<vocabulary.count))
    let still = ["oslo", "italy"]
    // Four of five special tokens, and two words, are where a row begins.
    for id in Array(0..<4) + still.compactMap(vocabulary.firstIndex) {
      for column in 0..<8 { rows[id, column] = 0.3 + 0.001 * Float((id * 7 + column) % 5) }
    }
    var checkpoint = TinyCheckpoint(width: 8, vocabulary: vocabulary.count, positions: 24)
    checkpoint.tensors["bert.embeddings.word_embeddings.weight"] = rows
    try checkpoint.write(to: folder)
    let damaged = try EmbeddingSpace(folder: folder)
    let all = side == 0 ? [damaged, other] : [other, damaged]
    let trained = try SharedVocabulary(sources: [all[0]], target: all[1]).withoutUndertrained()
    #expect(
      trained.words == TinyWorld.words.filter { !still.contains($0) }.sorted()
        && trained.leftOut == 2)
    #expect(trained.drawn(.first(3)).leftOut == 2)
    let whole = try SharedVocabulary(sources: [learned], target: other)
    #expect(whole.withoutUndertrained().words == whole.words && whole.leftOut == nil)
  }

  /// With `strength`, a prompt carried to its own model comes back, lengths included.
  @Test func toItselfThePromptComesBack() throws {
    let world = try TinyWorld()
    let model = try world.model("model", width: 8)
    let prompt = TinyWorld.prompt(model).vectors
    let outcome = try transfer(model, model, RelativeSearch(.exact(ridge: 0), mask: .all))
    expectClose(outcome.vectors, prompt, absolute: 1e-4)
    for value in try #require(outcome.objective) { #expect(value > 0.99999) }
    #expect(try transfer(model, model, Copy()).vectors == prompt)
    let linear = try transfer(model, model, LinearMap(ridge: 0), normalize: NormalizationRule.none)
    expectClose(linear.vectors, prompt, absolute: 1e-3)
  }

  @Test func gradientAndExactSearchAgree() throws {
    let world = try TinyWorld()
    let (a, b) = (try world.model("a", width: 8), try world.model("b", width: 6, seed: 2))
    let exact = try transfer(a, b, RelativeSearch(.exact(ridge: 0), mask: .all))
    let gradient = try transfer(a, b, RelativeSearch(.gradient(steps: 2000, learningRate: 5e-3), mask: .all))
    for row in 0..<3 { #expect(cosine(exact.vectors, gradient.vectors, row: row) > 0.999) }
    for (best, found) in zip(try #require(exact.objective), try #require(gradient.objective)) {
      #expect(best >= found - 1e-6)
    }
  }

  @Test func baselinesDoWhatTheySay() throws {
    let world = try TinyWorld()
    let (a, b) = (try world.model("a"), try world.model("b", width: 6, seed: 2))
    let random = try transfer(a, b, RandomVectors()).vectors
    #expect(random == (try transfer(a, b, RandomVectors()).vectors))
    #expect(random != (try transfer(a, b, RandomVectors(), seed: 1).vectors))
    #expect(random.columns == 6)
    let nearest = try transfer(a, b, NearestWord(), normalize: NormalizationRule.none).vectors
    let words = try a.space.nearestWords(to: TinyWorld.prompt(a).vectors, count: 1).map { $0[0].word }
    let ids = try words.map { try #require(try b.tokenizer.singleToken($0)) }
    #expect(nearest == b.space.table.rows(ids))
  }

  @Test func senselessCombinationsAreRefused() throws {
    let world = try TinyWorld()
    let (a, b) = (try world.model("a"), try world.model("b", width: 6, seed: 2))
    func problem(_ body: () throws -> FittedTransfer.Outcome) -> String {
      do {
        _ = try body()
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(problem { try transfer(a, b, Copy()) }.contains("a has width 8, b has 6"))
    let source = Source(space: a.space, prompt: TinyWorld.prompt(a))
    func make(
      _ sources: [Source], _ words: [String], _ method: any TransferMethod
    ) throws -> FittedTransfer.Outcome { try carry(sources, to: b.space, method, list: words) }
    #expect(problem { try make([source], ["rome"], WeightedWords()) }.contains("share 1 words"))
    #expect(problem { try make([source, source], ["rome", "paris"], Copy()) }.contains("takes one source"))
    let shorter = Source(space: a.space, prompt: TinyWorld.prompt(a, vectors: 2))
    #expect(
      problem {
        try make([source, shorter], ["rome", "paris"], RelativeSearch(.exact(ridge: 0), mask: .all))
      }
      .contains("must agree in their templates"))
  }
}
