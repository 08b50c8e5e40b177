import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// Maps between spaces, on models whose target is the source's space moved in a known way.
@Suite struct BaselineTests {
  private let world: TinyWorld
  private let source: EmbeddingSpace
  private let prompt: SoftPrompt

  init() throws {
    world = try TinyWorld()
    let model = try world.model("source")
    source = model.space
    prompt = TinyWorld.prompt(model)
  }

  /// A space whose word embeddings are what `move` makes of the source's.
  private func target(width: Int = 8, _ move: (Matrix) -> Matrix) throws -> EmbeddingSpace {
    let folder = try world.write("target", width: width, seed: 2)
    let rows = move(source.table.rows(Array(0..<source.table.rowCount)))
    var checkpoint = TinyCheckpoint(width: width, vocabulary: rows.rows, positions: 24, seed: 2)
    checkpoint.tensors["bert.embeddings.word_embeddings.weight"] = rows
    try checkpoint.write(to: folder)
    return try EmbeddingSpace(folder: folder)
  }

  private func carry(
    _ method: any TransferMethod, to target: EmbeddingSpace, seed: UInt64 = 0
  ) throws -> Matrix {
    try PromptTransferTests.carry(
      [Source(space: source, prompt: prompt)], to: target, method, NormalizationRule.none, seed: seed
    ).vectors
  }

  private func product(_ a: Matrix, _ b: Matrix) -> Matrix {
    var result = Matrix(rows: a.rows, columns: b.columns)
    result.multiply(a, b)
    return result
  }

  /// A rotated source is undone exactly; one that is stretched along an axis is not, where the linear map still is.
  @Test func procrustesRecoversARotationAndNothingElse() throws {
    let rotation = Naive.randomRotation(8, seed: 3)
    let rotated = try target { product($0, rotation) }
    expectClose(try carry(Procrustes(), to: rotated), product(prompt.vectors, rotation), absolute: 1e-5)

    var stretch = rotation
    for column in 0..<8 { stretch[0, column] *= 4 }
    let stretched = try target { product($0, stretch) }
    let expected = product(prompt.vectors, stretch)
    expectClose(try carry(LinearMap(ridge: 0), to: stretched), expected, absolute: 1e-3)
    let found = try carry(Procrustes(), to: stretched)
    #expect((0..<3).contains { cosine(found, expected, row: $0) < 0.99 })
  }

  /// Into a wider space that holds the source's rotated, and nothing more.
  @Test func procrustesGoesToAWiderSpace() throws {
    let rows = Naive.randomRotation(12, seed: 4).gathering(0..<8)
    let wider = try target(width: 12) { product($0, rows) }
    expectClose(try carry(Procrustes(), to: wider), product(prompt.vectors, rows), absolute: 1e-5)
  }

  /// A stretched space is undone exactly without a ridge, at any shrinkage; with one the linear map shrinks more.
  @Test func canonicalMapRecoversAnyInvertibleMap() throws {
    var stretch = Naive.randomRotation(8, seed: 3)
    for column in 0..<8 { stretch[0, column] *= 4 }
    let other = try target { product($0, stretch) }
    let expected = product(prompt.vectors, stretch)
    for shrinkage in [0, 0.5, 1] {
      expectClose(
        try carry(CanonicalMap(ridge: 0, shrinkage: shrinkage), to: other), expected, absolute: 1e-3)
    }
    let half = try carry(CanonicalMap(ridge: 3, shrinkage: 0.5), to: other)
    let linear = try carry(CanonicalMap(ridge: 3, shrinkage: 1), to: other)
    expectClose(linear, try carry(LinearMap(ridge: 3), to: other), absolute: 1e-4)
    for row in 0..<3 {
      #expect(Naive.norm(linear, row) < Naive.norm(half, row))
      #expect(Naive.norm(half, row) < Naive.norm(expected, row))
    }
  }

  @Test func projectorDependsOnTheSeedAlone() throws {
    let other = try world.model("other", width: 6, seed: 5).space
    let first = try carry(NeuralProjector(), to: other)
    let again = try carry(NeuralProjector(), to: other)
    let reseeded = try carry(NeuralProjector(), to: other, seed: 1)
    #expect(first.columns == 6 && first == again && first != reseeded)
  }

  @Test func projectorStopsWhenAsked() throws {
    var projector = NeuralProjector()
    projector.hidden = 64  // wide enough that an untrained one says something
    let transfer = Transfer(
      SharedVocabulary(of: source), method: projector, parallelism: Parallelism(threads: 1))
    #expect(try transfer.fit(shouldStop: { true }).carry([prompt]).isInterrupted)
    #expect(try !transfer.fit().carry([prompt]).isInterrupted)
  }

  @Test func randomAnchorsAreADrawThatGrows() throws {
    let vocabulary = SharedVocabulary(of: source)
    func draw(_ count: Int, _ seed: UInt64) -> [String] {
      vocabulary.drawn(.random(count, seed: seed)).words
    }
    let all = vocabulary.words
    for count in [0, 3, 5] {
      #expect(draw(count, 1).count == count && Set(draw(count, 1)).isSubset(of: draw(count + 1, 1)))
    }
    #expect(draw(5, 1) == draw(5, 1).sorted() && draw(5, 1) != draw(5, 2))
    #expect(draw(5, 1) != Array(all.prefix(5)))
    #expect(draw(1000, 1) == all)
  }
}
