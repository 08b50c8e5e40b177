import Foundation
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// The method's promises on the models that ship with the project.
@Suite struct ZooTransferTests {
  static let pairs = [
    ("bert-tiny", "roberta-tiny"), ("roberta-small", "bert-small"), ("bert-small", "bert-small"),
  ]

  /// Vectors between words, about as long as tuned ones.
  private func prompt(_ space: EmbeddingSpace) throws -> SoftPrompt {
    let ids = try ["capital", "France", "music", "river", "old"].map {
      try #require(try space.tokenizer.singleToken($0))
    }
    let words = space.table.rows(ids)
    let noise = Samples.matrix(5, words.columns, "noise", deviation: space.table.moments().deviation)
    let vectors = zip(words.elements, noise.elements).map { $0 + $1 }
    return SoftPrompt(
      vectors: Matrix(rows: 5, columns: words.columns, vectors), template: .vectors(5), modelName: space.name,
      embeddingFingerprint: space.table.fingerprint)
  }

  private func carry(
    _ from: EmbeddingSpace, _ to: EmbeddingSpace, _ search: RelativeSearch.Search, _ rule: NormalizationRule
  ) throws -> FittedTransfer.Outcome {
    try PromptTransferTests.carry(
      [Source(space: from, prompt: prompt(from))], to: to, RelativeSearch(search), rule)
  }

  @Test(arguments: ["bert-small", "bert-tiny", "roberta-small", "roberta-tiny"])
  func toItselfThePromptComesBack(_ name: String) throws {
    let space = try EmbeddingSpace(folder: ZooFixture.folder(name))
    let original = try prompt(space).vectors
    let outcome = try carry(space, space, .exact(ridge: 0), .strength)
    for row in 0..<5 { #expect(cosine(outcome.vectors, original, row: row) > 0.999) }
    expectClose(outcome.vectors, original, absolute: 1e-4)
  }

  /// 2,000 steps of the reference's search never find more than the closed form.
  @Test(arguments: pairs, [NormalizationRule.scale, .strength])
  func exactSearchIsNeverBeaten(_ pair: (String, String), _ rule: NormalizationRule) throws {
    let (from, to) = (
      try EmbeddingSpace(folder: ZooFixture.folder(pair.0)),
      try EmbeddingSpace(folder: ZooFixture.folder(pair.1))
    )
    let exact = try #require(try carry(from, to, .exact(ridge: 0), rule).objective)
    let gradient = try #require(
      try carry(from, to, .gradient(steps: 2000, learningRate: 5e-3), rule).objective)
    for (best, found) in zip(exact, gradient) { #expect(best >= found - 1e-6, "\(best), \(found)") }
  }

  @Test(arguments: pairs.prefix(2)) func modelsShareManyWords(_ pair: (String, String)) throws {
    let (from, to) = (
      try EmbeddingSpace(folder: ZooFixture.folder(pair.0)),
      try EmbeddingSpace(folder: ZooFixture.folder(pair.1))
    )
    let shared = try SharedVocabulary(sources: [from], target: to)
    #expect(shared.words.count > 10 * max(from.table.width, to.table.width))
  }
}
