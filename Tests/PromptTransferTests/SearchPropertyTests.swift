import PromptTransfer
import Tensors
import TestSupport
import Testing

/// What must hold for any models.
@Suite struct SearchPropertyTests {
  private let anchors = Samples.matrix(200, 16, "anchors", mean: 0.2)
  private let prompt = Samples.matrix(5, 16, "prompt")

  private func search(
    _ prompt: Matrix, _ source: Matrix, _ target: Matrix, mask: AnchorMask = .all, threads: Int = 1
  )
    -> Matrix
  {
    ExactSearch(ridge: 0).directions(
      RelativeCode([(prompt, source, 1)], mask: mask), target.normalizingRows(), mask: mask,
      threads: threads)
  }

  @Test func toItselfEveryDirectionComesBack() {
    let found = search(prompt, anchors, anchors)
    for row in 0..<prompt.rows { #expect(cosine(found, prompt, row: row) > 0.999) }
  }

  /// A target that is the source, rotated and scaled, gets the prompt rotated; one that is shifted does not.
  @Test func rotationAndScaleDoNotMatterAShiftDoes() {
    let rotation = Naive.randomRotation(16, seed: 3)
    func rotated(_ x: Matrix, by scale: Float) -> Matrix {
      var y = Matrix(rows: x.rows, columns: 16)
      y.multiply(x, rotation, alpha: scale)
      return y
    }
    let found = search(prompt, anchors, rotated(anchors, by: 3))
    let expected = rotated(prompt, by: 1)
    for row in 0..<prompt.rows { #expect(cosine(found, expected, row: row) > 0.99999) }

    var shifted = anchors
    for row in 0..<anchors.rows { for column in 0..<16 { shifted[row, column] += 1 } }
    let other = search(prompt, anchors, shifted)
    #expect((0..<prompt.rows).contains { cosine(other, prompt, row: $0) < 0.99 })
  }

  @Test func theNumberOfThreadsDoesNotMatter() {
    let wide = Samples.matrix(5000, 16, "wide")
    let one = search(prompt, wide, wide, mask: .top(4000))
    for threads in [2, 3, 8] {
      #expect(search(prompt, wide, wide, mask: .top(4000), threads: threads) == one)
    }
  }

  /// Vectors that are searched together come out as alone, to the last bit, however many there are and wherever they stand.
  @Test(arguments: [true, false], [AnchorMask.all, .top(4000)])
  func aVectorAloneIsAsAmongOthers(_ isPreconditioned: Bool, _ mask: AnchorMask) {
    let (source, target) = (Samples.matrix(5000, 24, "source"), Samples.matrix(5000, 40, "target"))
    let prompts = Samples.matrix(45, 24, "prompts")
    let unit = target.normalizingRows()
    let search = ExactSearch(ridge: 0.1)
    let strategy = ExactSearch.Strategy.iterated(isPreconditioned: isPreconditioned)
    let cosines = RelativeCode([(prompts, source, 1)], mask: .all).similarities
    func directions(_ rows: Range<Int>) -> Matrix {
      search.directions(
        RelativeCode(parts: [(cosines.gathering(rows), 1)], mask: mask), unit, mask: mask, strategy: strategy,
        threads: 2)
    }
    let all = directions(0..<45)
    for rows in [0..<5, 5..<6, 13..<30, 40..<45] {
      #expect(directions(rows) == all.gathering(rows), "\(rows)")
    }
    #expect(all.gathering([3]) != all.gathering([4]))
  }

  /// Fewer anchors than columns: the system is singular, and a direction comes out all the same.
  @Test func fewAnchorsStillGiveADirection() {
    let few = anchors.gathering(0..<6)
    let found = search(prompt, few, few)
    let objective = RelativeCode([(prompt, few, 1)], mask: .all)
      .objective(found, unitAnchors: few.normalizingRows())
    for value in objective { #expect(value > 0.9999) }
  }

  /// Conjugate gradients, which wide tables need, find what the factorisations find: on the columns, on the rows, with and
  /// without masks and ridge.
  @Test(arguments: [AnchorMask.all, .top(120), .top(10)], [0.0, 0.1, 1])
  func withoutFactorisationsTheSameComesOut(_ mask: AnchorMask, _ ridge: Double) {
    let code = RelativeCode([(prompt, anchors, 1)], mask: mask)
    let unit = anchors.normalizingRows()
    let search = ExactSearch(ridge: ridge)
    let isPreconditioned = mask.kept(code.similarities.row(0))?.count ?? 200 >= 2 * unit.columns
    let iteration = ExactSearch.Strategy.iterated(isPreconditioned: isPreconditioned)
    let factored = search.directions(code, unit, mask: mask, strategy: mask == .all ? .shared : .each)
    let iterated = search.directions(code, unit, mask: mask, strategy: iteration)
    for row in 0..<prompt.rows { #expect(cosine(factored, iterated, row: row) > 1 - 1e-5) }
    let (best, found) = (
      code.objective(factored, unitAnchors: unit), code.objective(iterated, unitAnchors: unit)
    )
    expectClose(found, best, absolute: 1e-6)
    #expect(search.directions(code, unit, mask: mask, strategy: iteration, threads: 3) == iterated)
  }

  @Test func severalSourcesDoNotDependOnTheirOrder() {
    let other = Samples.matrix(200, 12, "other")
    let second = Samples.matrix(5, 12, "second prompt")
    let forward = RelativeCode([(prompt, anchors, 1), (second, other, 2)], mask: .top(50))
    let backward = RelativeCode([(second, other, 2), (prompt, anchors, 1)], mask: .top(50))
    expectClose(forward.similarities, backward.similarities, absolute: 1e-7)
    #expect(forward.kept == backward.kept)
    let alone = RelativeCode([(prompt, anchors, 1)], mask: .top(50))
    #expect(alone.kept != forward.kept)
  }

  @Test func masksKeepTheLargest() throws {
    let row = Matrix(rows: 1, columns: 5, [0.1, -0.9, 0.5, 0.5, -0.2])
    let unit = Matrix(rows: 5, columns: 5, (0..<25).map { $0 % 6 == 0 ? 1 : 0 })
    func kept(_ mask: AnchorMask) -> [Int]? { RelativeCode([(row, unit, 1)], mask: mask).kept[0] }
    #expect(kept(.all) == nil)
    #expect(kept(.top(5)) == nil)
    #expect(kept(.top(2)) == [2, 3])
    #expect(kept(.top(1)) == [2])
    #expect(kept(.topAbsolute(2)) == [1, 2])
  }
}
