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

  /// A space that is rotated and moved: centred maps undo it, the others do not.
  @Test func centredMapsRecoverAShift() throws {
    let rotation = Naive.randomRotation(8, seed: 3)
    let shift = Samples.matrix(1, 8, "shift", deviation: 2)
    func moved(_ x: Matrix) -> Matrix {
      var y = product(x, rotation)
      for row in 0..<y.rows { for column in 0..<8 { y[row, column] += shift[0, column] } }
      return y
    }
    let other = try target(moved)
    let expected = moved(prompt.vectors)
    let pairs: [(any TransferMethod, any TransferMethod)] = [
      (Procrustes(centred: true), Procrustes()),
      (Procrustes(centred: true, components: .all), Procrustes(centred: false, components: .all)),
      (LinearMap(ridge: 0, centred: true), LinearMap(ridge: 0)),
      (CanonicalMap(ridge: 0, centred: true), CanonicalMap(ridge: 0)),
    ]
    for (centred, plain) in pairs {
      expectClose(try carry(centred, to: other), expected, absolute: 1e-3, "\(centred)")
      let found = try carry(plain, to: other)
      #expect((0..<3).contains { cosine(found, expected, row: $0) < 0.99 }, "\(plain)")
    }
  }

  /// Between equal widths, all principal directions are a basis: landmark PCA is then Procrustes.
  @Test func landmarksOfEqualWidthsAreProcrustes() throws {
    let other = try world.model("other", seed: 5).space
    let whole = try carry(Procrustes(centred: true), to: other)
    expectClose(try carry(Procrustes(centred: true, components: .all), to: other), whole, absolute: 1e-4)
    let part = try carry(Procrustes(centred: true, components: .first(3)), to: other)
    #expect((0..<3).contains { cosine(part, whole, row: $0) < 0.99 })
  }

  @Test func componentsAreNoMoreThanTheWidth() throws {
    let other = try world.model("other", width: 6, seed: 5).space
    #expect(throws: TransferError.self) {
      try carry(Procrustes(centred: true, components: .first(7)), to: other)
    }
    _ = try carry(Procrustes(centred: true, components: .first(6)), to: other)
  }

  /// A word of the source comes out as that word of the target, by whatever finds it among its neighbours.
  @Test(
    arguments: [
      MatchingPursuit(wordCount: 4, unitAtoms: true), Neighbours(4), Neighbours(4, metric: .cosine),
      Neighbours(4, weights: .leastSquares),
      Neighbours(4, weights: .barycentric),
    ] as [any TransferMethod])
  func wordsComeOutAsWords(_ method: any TransferMethod) throws {
    let other = try world.model("other", width: 6, seed: 5).space
    let words = try SharedVocabulary(sources: [source], target: other)
    let places = [2, 5, 7]
    let given = SoftPrompt(
      vectors: source.table.rows(places.map { words.sources[0].ids[$0] }), template: .vectors(3),
      modelName: "source",
      embeddingFingerprint: source.table.fingerprint)
    let found = try PromptTransferTests.carry(
      [Source(space: source, prompt: given)], to: other, method, NormalizationRule.none
    ).vectors
    expectClose(found, other.table.rows(places.map { words.target.ids[$0] }), absolute: 1e-4)
  }

  /// Few words are enough for a vector that is made of them: pursuit with more finds nothing more to explain.
  @Test func pursuitEndsWhereNothingIsLeft() throws {
    let other = try world.model("other", width: 6, seed: 5).space
    func found(_ count: Int) throws -> Matrix { try carry(MatchingPursuit(wordCount: count), to: other) }
    #expect(try found(3) != found(8))
    #expect(try found(9) == found(64))
  }

  /// A control keeps the map's spectrum, and nothing else of it; another seed gives another.
  @Test func controlsAreDrawnWithTheSeed() throws {
    let other = try world.model("other", width: 6, seed: 5).space
    let map = CanonicalMap(ridge: 0.3)
    let own = try carry(map, to: other)
    for control in [ShuffledAnchors(map), RandomSpectrum(map)] as [any TransferMethod] {
      let first = try carry(control, to: other)
      #expect(first == (try carry(control, to: other)))
      #expect(first != (try carry(control, to: other, seed: 1)))
      #expect((0..<3).contains { cosine(first, own, row: $0) < 0.9 }, "\(control)")
    }
  }

  /// 2,000 drawn vectors have the table's mean and covariance.
  @Test func normalVectorsHaveTheTablesMoments() throws {
    let count = 2000
    let many = SoftPrompt(
      vectors: Matrix(rows: count, columns: 8), template: .vectors(count), modelName: "source",
      embeddingFingerprint: source.table.fingerprint)
    func draw(_ method: any TransferMethod) throws -> Matrix {
      try PromptTransferTests.carry([Source(space: source, prompt: many)], to: source, method).vectors
    }
    func moments(_ x: Matrix) -> [Double] {
      let mean = (0..<8).map { column in
        (0..<x.rows).reduce(0) { $0 + Double(x[$1, column]) } / Double(x.rows)
      }
      let covariance = (0..<64).map { place in
        (0..<x.rows).reduce(0) {
          $0 + (Double(x[$1, place / 8]) - mean[place / 8]) * (Double(x[$1, place % 8]) - mean[place % 8])
        } / Double(x.rows)
      }
      return mean + covariance
    }
    let table = moments(source.table.rows(Array(0..<source.table.rowCount)))
    let variance = (0..<8).map { table[8 + 9 * $0] }.max() ?? 0
    expectClose(
      moments(try draw(NormalVectors())), table, absolute: 0.12 * max(variance, variance.squareRoot()))
    let mean = try draw(MeanVector())
    expectClose(mean.row(0).map(Double.init), Array(table.prefix(8)), absolute: 1e-5)
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
      try SharedVocabulary(of: source), method: projector, parallelism: Parallelism(threads: 1))
    #expect(try transfer.fit(shouldStop: { true }).carry([prompt]).isInterrupted)
    #expect(try !transfer.fit().carry([prompt]).isInterrupted)
  }

  @Test func randomAnchorsAreADrawThatGrows() throws {
    let vocabulary = try SharedVocabulary(of: source)
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
