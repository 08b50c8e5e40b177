import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// What must hold of any model, whatever its weights.
@Suite struct PropertyTests {
  let folder: TemporaryFolder
  let model: FrozenModel
  let prompt: Matrix

  init() throws {
    folder = try TemporaryFolder()
    model = try FrozenModel(folder: TinyCheckpoint(.roberta).write(to: folder.url))
    prompt = Samples.matrix(2, 8, "prompt", deviation: 0.4)
  }

  static let inputs = [
    PromptedInput(elements: [.token(0), .vector(0), .vector(1), .token(4), .token(2)], readPosition: 3),
    PromptedInput(elements: [.token(7)], readPosition: 0),
    PromptedInput(
      elements: [.vector(1), .token(3), .vector(0), .token(16), .token(5), .vector(1)], readPosition: 5),
    PromptedInput(elements: (0..<10).map { .token($0 + 3) }, readPosition: 0),
  ]
  static let labels = [3, 0, 16, 9]

  private func answer(
    _ inputs: ArraySlice<PromptedInput>, _ labels: ArraySlice<Int>, _ prompt: Matrix, scale: Float = 1,
    candidates: CandidateHead? = nil, workspace: Workspace = Workspace()
  ) -> (losses: [Float], gradient: Matrix, logits: Matrix) {
    let head = candidates ?? model.allWords
    var gradient = Matrix(rows: 1, columns: 1)
    let losses = model.lossAndGradient(
      inputs, labels: labels, prompt: prompt, candidates: head, scale: scale, gradient: &gradient, workspace)
    return (losses, gradient, model.logits(inputs, prompt: prompt, candidates: head, workspace))
  }

  /// 2e-6: the products are summed in another order when a batch has other rows.
  @Test func sequencesDoNotSeeEachOther() {
    let together = answer(Self.inputs[...], Self.labels[...], prompt)
    var sum = Matrix(rows: 2, columns: 8)
    for index in Self.inputs.indices {
      // Slices of the whole lists: their first index is not 0.
      let alone = answer(Self.inputs[index...index], Self.labels[index...index], prompt)
      expectClose(alone.logits, together.logits.gathering([index]), absolute: 2e-6, "logits \(index)")
      expectClose(alone.losses, [together.losses[index]], absolute: 2e-6, "loss \(index)")
      sum = Matrix(rows: 2, columns: 8, zip(sum.elements, alone.gradient.elements).map { $0 + $1 })
    }
    expectClose(together.gradient, sum, absolute: 2e-6, "gradient")
  }

  @Test func orderDoesNotMatter() {
    let order = [2, 0, 3, 1]
    let (first, second) = (
      answer(Self.inputs[...], Self.labels[...], prompt),
      answer(order.map { Self.inputs[$0] }[...], order.map { Self.labels[$0] }[...], prompt)
    )
    expectClose(second.logits, first.logits.gathering(order), absolute: 2e-6)
    expectClose(second.gradient, first.gradient, absolute: 2e-6)
  }

  /// Buffers of a larger batch leave nothing behind for a smaller one, and the other way round.
  @Test func aWorkspaceMayBeUsedAgain() {
    let workspace = Workspace()
    for range in [0..<4, 1..<2, 0..<0, 0..<3, 3..<4, 0..<4] {
      let used = answer(Self.inputs[range], Self.labels[range], prompt, workspace: workspace)
      let fresh = answer(Self.inputs[range], Self.labels[range], prompt)
      #expect(used.logits == fresh.logits && used.gradient == fresh.gradient && used.losses == fresh.losses)
    }
  }

  /// The tolerance is that of a product with fewer columns.
  @Test(arguments: [[0], [16, 3, 9, 3], Array(0..<17), []])
  func candidatesAreColumnsOfAllWords(_ ids: [Int]) {
    let all = answer(Self.inputs[...], Self.labels[...], prompt).logits
    let head = model.candidates(ids)
    let some = model.logits(Self.inputs[...], prompt: prompt, candidates: head, Workspace())
    #expect(head.count == ids.count && some.columns == ids.count)
    let expected = (0..<4).flatMap { row in ids.map { all[row, $0] } }
    expectClose(some, Matrix(rows: 4, columns: ids.count, expected), absolute: 2e-6)
  }

  /// Central differences of the Float32 losses themselves: with a step of 1e-2 their noise of about 2e-7 and the
  /// third derivatives leave 1e-4.
  @Test(arguments: [false, true])
  func theGradientIsTheSlope(_ onlySomeWords: Bool) {
    let head = onlySomeWords ? model.candidates([3, 0, 16, 9, 5]) : model.allWords
    let labels = onlySomeWords ? [0, 1, 2, 3] : Self.labels
    let found = answer(Self.inputs[...], labels[...], prompt, scale: 0.5, candidates: head).gradient
    let workspace = Workspace()
    let slope = centralDifferences(at: prompt.elements, step: 1e-2 as Float) { point in
      let losses = answer(
        Self.inputs[...], labels[...], Matrix(rows: 2, columns: 8, point), candidates: head,
        workspace: workspace
      ).losses
      return losses.reduce(0) { $0 + Double($1) } / 2
    }
    expectClose(found.elements, slope, absolute: 1e-4, relative: 1e-3)
    #expect(found.elements.contains { abs($0) > 1e-2 })
  }

  /// The same for soft targets, at a temperature.
  @Test(arguments: [1, 2] as [Float])
  func theGradientTowardSoftTargetsIsTheSlope(_ temperature: Float) {
    let head = model.candidates([3, 0, 16, 9, 5])
    var targets = Samples.matrix(4, 5, "targets", deviation: 2)
    Softmax.forward(&targets, temperature: 1)
    let workspace = Workspace()
    func answer(_ prompt: Matrix) -> (losses: [Float], gradient: Matrix) {
      let group = TaughtGroup(
        inputs: Self.inputs, target: .distributions(targets, temperature: temperature), prompt: prompt,
        scale: 0.5)
      return model.lossesAndGradients([group], candidates: head, workspace)[0]
    }
    let found = answer(prompt)
    let logits = model.logits(Self.inputs[...], prompt: prompt, candidates: head, workspace)
    let expected = Naive.divergences(
      logits.wide, targets: targets.wide, columns: 5, temperature: Double(temperature))
    expectClose(found.losses, expected, absolute: 1e-6, relative: 1e-6)
    let slope = centralDifferences(at: prompt.elements, step: 1e-2 as Float) { point in
      answer(Matrix(rows: 2, columns: 8, point)).losses.reduce(0) { $0 + Double($1) } / 2
    }
    expectClose(found.gradient.elements, slope, absolute: 1e-4, relative: 1e-3)
    #expect(found.gradient.elements.contains { abs($0) > 1e-3 })
  }

  /// A vector that is a word's own row is that word; a vector that no sequence uses has no gradient.
  @Test func vectorsAreWords() {
    let rows = model.embeddingTable.rows([4, 9, 11])
    let worded = [PromptedInput(elements: [.token(0), .token(4), .token(9), .token(2)], readPosition: 1)]
    let vectored = [PromptedInput(elements: [.token(0), .vector(0), .vector(1), .token(2)], readPosition: 1)]
    let (first, second) = (answer(worded[...], [1], rows), answer(vectored[...], [1], rows))
    #expect(first.logits == second.logits)
    #expect(first.gradient == Matrix(rows: 3, columns: 8))
    #expect(second.gradient.row(2).allSatisfy { $0 == 0 } && second.gradient.row(0).contains { $0 != 0 })
  }

  /// A vector that is used twice gets both parts, and positions count.
  @Test func positionsCount() {
    let forward = [PromptedInput(elements: [.token(5), .token(6), .token(7)], readPosition: 1)]
    let backward = [PromptedInput(elements: [.token(7), .token(6), .token(5)], readPosition: 1)]
    let (first, second) = (answer(forward[...], [1], prompt), answer(backward[...], [1], prompt))
    #expect(zip(first.logits.elements, second.logits.elements).contains { abs($0 - $1) > 1e-3 })
  }

  @Test func noInputs() {
    let none = answer([], [], prompt)
    #expect(none.losses == [] && none.logits.rows == 0 && none.gradient == Matrix(rows: 2, columns: 8))
  }

  @Test func theScaleIsAFactor() {
    let (one, half) = (
      answer(Self.inputs[...], Self.labels[...], prompt),
      answer(Self.inputs[...], Self.labels[...], prompt, scale: 0.5)
    )
    #expect(one.losses == half.losses)
    expectClose(half.gradient.elements, one.gradient.elements.map { $0 / 2 }, absolute: 1e-7)
  }

  @Test func threadsShareAModel() {
    let expected = answer(Self.inputs[...], Self.labels[...], prompt)
    Parallelism(threads: 4).forEach(40) { _, _ in
      let found = answer(Self.inputs[...], Self.labels[...], prompt)
      #expect(found.logits == expected.logits && found.gradient == expected.gradient)
    }
  }
}
