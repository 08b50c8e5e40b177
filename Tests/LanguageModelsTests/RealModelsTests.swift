import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing
import Tokenization

/// The published models against transformers on the same weights: ids, what the embeddings and each layer make of six texts,
/// logits, and of facts the rank and the gradient of every token's vector.
///
/// Compared with samples of its numbers (scripts/checks/real_samples.py), and with all of them where `reference` beside the
/// models has what scripts/checks/real_models.py wrote.
@Suite(.enabled(if: RealModels.areThere, Comment(rawValue: RealModels.skipped))) struct RealModelsTests {
  @Test(arguments: RealModels.names) func texts(name: String) throws {
    let golden = try RealRun(name)
    let (model, tokenizer) = try golden.load()
    let noPrompt = Matrix(rows: 0, columns: model.embeddingTable.width)
    for (index, text) in golden.record.texts.enumerated() {
      let ids = try golden.ids("text.\(index)")
      #expect(try tokenizer.encode(text) == ids, "text \(index)")
      let workspace = Workspace()
      let input = PromptedInput(elements: ids.map { .token($0) }, readPosition: ids.count - 1)
      let logits = model.logits([input][...], prompt: noPrompt, candidates: model.allWords, workspace)
      let states = workspace.hiddenStates
      try golden.expect(states.map { $0.rowBlock($0.rows - 1..<$0.rows) }, "text.\(index)", "last", back: 1)
      if ids.count > 1 {
        let before = states.dropLast().map { $0.rowBlock($0.rows - 2..<$0.rows - 1) }
        try golden.expect(before, "text.\(index)", "before", back: 2)
      }
      try golden.expect(workspace.headOutput, "text.\(index).norm")
      try golden.expect(logits, "text.\(index).logits")
    }
  }

  /// All tokens of a fact are vectors of a prompt that has their rows, so that its gradient is theirs.
  @Test(arguments: RealModels.names) func facts(name: String) throws {
    let golden = try RealRun(name)
    let (model, tokenizer) = try golden.load()
    let words = model.allWords
    for (index, fact) in golden.record.facts.enumerated() {
      let ids = try golden.ids("fact.\(index)")
      #expect(try tokenizer.encode(fact.text) == ids, "fact \(index)")
      #expect(try tokenizer.encode(" " + fact.object, addingSpecialTokens: false).first == fact.first)
      let prompt = model.embeddingTable.rows(ids)
      let input = PromptedInput(elements: ids.indices.map { .vector($0) }, readPosition: ids.count - 1)
      let logits = model.logits([input][...], prompt: prompt, candidates: words, Workspace())
      let answer = logits[0, fact.first]
      #expect(logits.elements.count { $0 > answer } == fact.rank, "fact \(index)")
      var gradient = Matrix(rows: 0, columns: 0)
      let losses = model.lossAndGradient(
        [input][...], labels: [fact.first], prompt: prompt, candidates: words, scale: 1, gradient: &gradient,
        Workspace())
      expectClose(losses, [-fact.logProbability], absolute: 3e-4, "fact.\(index)")
      try golden.expect(logits, "fact.\(index).logits")
      try golden.expect(gradient, "fact.\(index).gradient", relative: 1e-3)
    }
  }
}

/// What transformers computes with one of the models.
private struct RealRun {
  struct Record: Decodable {
    struct Fact: Decodable {
      let text, object: String
      let first, rank: Int
      let logProbability: Double
    }
    let texts: [String]
    let facts: [Fact]
  }

  let name: String
  let record: Record
  private let samples: GoldenTensors
  /// Every number, where they are there.
  private let all: GoldenTensors?

  init(_ name: String) throws {
    self.name = name
    let folder = Fixtures.folder.appending(path: "real")
    record = try JSONDecoder().decode(
      Record.self, from: Data(contentsOf: folder.appending(path: "\(name).run.json")))
    samples = try GoldenTensors(folder.appending(path: "\(name).run.safetensors"))
    let reference = RealModels.folder.appending(path: "reference/\(name).safetensors")
    all = Fixtures.exists(reference) ? try GoldenTensors(reference) : nil
  }

  func load() throws -> (FrozenModel, Tokenizer) {
    (try FrozenModel(Checkpoint(folder: RealModels.url(name))), try Tokenizer(folder: RealModels.url(name)))
  }

  func ids(_ key: String) throws -> [Int] {
    try #require(try samples.matrix("\(key).ids")).elements.map { Int($0) }
  }

  /// Rows of [length, eight entries].
  private func sample(_ matrix: Matrix) -> Matrix {
    let rows = (0..<matrix.rows).flatMap { row -> [Float] in
      let values = matrix.row(row)
      let length = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      return [Float(length)] + (0..<8).map { values[$0 * matrix.columns / 8] }
    }
    return Matrix(rows: matrix.rows, columns: 9, rows)
  }

  /// Each row may be off by a share of its length: what rounding leaves after a pass in F32 on both sides. Those for AVX2
  /// are further off than the others, 2.3e-5 in one row of Gemma's logits.
  func expect(_ found: Matrix, _ key: String, relative: Double = kernelsName == "AVX2" ? 3e-5 : 2e-5) throws {
    expectRows(sample(found), try #require(try samples.matrix(key)), relative: relative, "\(name) \(key)")
    guard let all, let expected = try all.matrix(key) else { return }
    let rows = expected.rows == found.rows ? expected : expected.rowBlock(expected.rows - 1..<expected.rows)
    expectRows(found, rows, relative: relative, "\(name) \(key), all")
    report(found, rows, key)
  }

  /// - Parameter back: which row from the end of what transformers lists
  func expect(_ found: [Matrix], _ text: String, _ kind: String, back: Int) throws {
    let key = "\(text).\(kind)"
    expectRows(
      sample(Matrix(stacking: found)), try #require(try samples.matrix(key)), relative: 2e-5, "\(name) \(key)"
    )
    guard let all else { return }
    for (index, state) in found.enumerated() {
      let full = index == 0 ? "\(text).embeddings" : "\(text).layer.\(index - 1)"
      let expected = try #require(try all.matrix(full))
      let row = expected.rowBlock(expected.rows - back..<expected.rows - back + 1)
      expectRows(state, row, relative: 2e-5, "\(name) \(full), all")
      report(state, row, full)
    }
  }

  /// With PROMPTFERRY_REAL_REPORT: how far each is from transformers', as a share of the row's length and at most.
  private func report(_ found: Matrix, _ expected: Matrix, _ key: String) {
    guard ProcessInfo.processInfo.environment["PROMPTFERRY_REAL_REPORT"] != nil else { return }
    for row in 0..<expected.rows {
      let (ours, theirs) = (found.row(row), expected.row(row))
      let apart = zip(ours, theirs).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
      let length = theirs.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      print("REPORT \(name) \(key) \(row) \(apart) \(apart / length)")
    }
  }
}
