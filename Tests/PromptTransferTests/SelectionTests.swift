import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct SelectionTests {
  private let world: TinyWorld
  private let source, target: LanguageModel

  init() throws {
    world = try TinyWorld()
    source = try world.model("source")
    target = try world.model("target", width: 6, seed: 3)
  }

  private func transfer(_ method: any TransferMethod) throws -> Transfer {
    try Transfer(
      SharedVocabulary(sources: [source.space], target: target.space), method: method,
      parallelism: Parallelism(threads: 1))
  }

  private var prompts: [SoftPrompt] { [TinyWorld.prompt(source)] }

  private func accuracy(_ vectors: Matrix, _ facts: [Example]) throws -> Double {
    let evaluator = try TinyWorld.evaluator(target)
    return Evaluation(
      try #require(
        try evaluator.predictions(evaluator.prepare(facts, template: .vectors(3)), prompt: vectors))
    ).microAccuracy
  }

  /// Facts that the candidate number `place`, and as few others as may be, gets right.
  private func facts(thatOnly vectors: Matrix) throws -> [Example] {
    let evaluator = try TinyWorld.evaluator(target)
    return try #require(
      try evaluator.predictions(
        evaluator.prepare(TinyWorld.facts, template: .vectors(3)), prompt: vectors)
    ).map { Example(relation: $0.relation, subject: $0.subject, object: $0.prediction) }
  }

  /// The development facts are made so that one candidate answers them all; the first such one is chosen.
  @Test(arguments: [0, 11, 39])
  func devChoosesTheFirstOfTheBestAlongTheSearch(_ place: Int) throws {
    let transfer = try transfer(RelativeSearch(.gradient(steps: 400, learningRate: 5e-2), mask: .all))
    var snapshots: [Matrix] = []
    var observer = FittedTransfer.Observer()
    observer.snapshotCount = FittedCandidates.snapshotCount
    observer.snapshot = { snapshots.append($0) }
    _ = try transfer.fit().carry([prompts], weights: nil, observer)
    let dev = try facts(thatOnly: snapshots[place])
    let first = try #require(try snapshots.firstIndex { try accuracy($0, dev) == 1 })
    let evaluator = try TinyWorld.evaluator(target)
    let selected = try #require(
      try DevSelection(evaluator, facts: evaluator.prepare(dev, template: .vectors(3))).run(transfer, prompts)
    )
    #expect(selected.score == 1 && selected.chosen == ["snapshot": "\(first + 1) of 40"])
    #expect(selected.outcome.vectors == snapshots[first] && first <= place)
  }

  @Test func devChoosesARidge() throws {
    let wanted = try transfer(LinearMap(ridge: 3)).fit().carry(prompts).vectors
    let dev = try facts(thatOnly: wanted)
    let evaluator = try TinyWorld.evaluator(target)
    let selected = try #require(
      try DevSelection(evaluator, facts: evaluator.prepare(dev, template: .vectors(3)))
        .run(try transfer(LinearMap(ridge: 0.1)), prompts))
    let ridge = try #require(Double(selected.chosen["ridge"] ?? ""))
    #expect(selected.score == 1 && ridge <= 3)
    let again = try transfer(LinearMap(ridge: ridge)).fit().carry(prompts)
    #expect(selected.outcome.vectors == again.vectors)
  }

  /// Whatever is chosen says how its own vectors got their lengths: `change` gives them itself.
  @Test func whatIsChosenSaysItsOwnNormalization() throws {
    let started = prompts.map { $0.adding(provenance: ["start": "template:[X] is the capital [Y] ."]) }
    var seen: Set<String> = []
    for place in 0... {
      guard let selected = try? Nth(place: place).run(transfer(AnyMethod()), started),
        selected.score == 1
      else { break }
      let method = try #require(selected.chosen["method"])
      let rule: NormalizationRule = method == "change" ? .none : .strength
      #expect(selected.outcome.normalization == rule, "\(method)")
      #expect(selected.outcome.prompt.provenance["normalize"] == rule.rawValue)
      seen.insert(method)
    }
    #expect(seen.isSuperset(of: ["change", "canonical", "procrustes", "neighbours"]), "\(seen)")
  }

  /// Takes the candidate with a number.
  private final class Nth: AnswerSelection, @unchecked Sendable {
    let judge = FittedTransfer.Choice.Judge.agreement
    private var left: Int

    init(place: Int) { left = place }

    func score(_ vectors: Matrix, shouldStop: @escaping @Sendable () -> Bool) throws(TransferError) -> Double?
    {
      defer { left -= 1 }
      return left == 0 ? 1 : 0
    }
  }

  @Test func onlyMethodsWithARidgeAreChosen() throws {
    #expect(throws: TransferError.self) { try WordSelection().choose(try transfer(Procrustes())) }
    #expect(throws: TransferError.self) {
      let evaluator = try TinyWorld.evaluator(target)
      let facts = try evaluator.prepare(TinyWorld.facts, template: .vectors(3))
      _ = try DevSelection(evaluator, facts: facts).run(transfer(NearestWord()), prompts)
    }
  }

  /// Words alone: where the target is the source's space moved, no ridge is needed; where it is mostly noise, a large one is.
  @Test func wordsAskForAsMuchRidgeAsTheModelsDisagree() throws {
    var chosen: [Double] = []
    for noise: Float in [0, 1.5] {
      let words = (0..<200).map { "word\($0)" }
      let first = try world.model("first\(noise)", extra: words)
      let folder = try world.write("second\(noise)", seed: 2, extra: words)
      var rows = first.space.table.rows(Array(0..<first.space.table.rowCount))
      let blur = Samples.matrix(rows.rows, 8, "blur", deviation: 0.5)
      for row in 0..<rows.rows { for column in 0..<8 { rows[row, column] += noise * blur[row, column] } }
      var checkpoint = TinyCheckpoint(width: 8, vocabulary: rows.rows, positions: 24, seed: 2)
      checkpoint.tensors["bert.embeddings.word_embeddings.weight"] = rows
      try checkpoint.write(to: folder)
      let second = try EmbeddingSpace(folder: folder)
      let transfer = Transfer(
        try SharedVocabulary(sources: [first.space], target: second), method: LinearMap(ridge: 0.1),
        parallelism: Parallelism(threads: 1))
      var selection = WordSelection()
      selection.noise = Double(noise)
      let selected = try #require(try selection.choose(transfer))
      chosen.append(try #require(Double(selected.chosen["ridge"] ?? "")))
    }
    #expect(chosen[0] == 0 && chosen[1] > 0, "\(chosen)")
  }
}
