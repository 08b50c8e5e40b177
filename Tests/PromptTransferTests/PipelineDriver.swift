import Checkpoints
import Formats
import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// The pipelines' goldens (scripts/goldens/pipeline.py), and all calls that their tests make of the library: when its interface
/// changes, this file does and the tests do not.
struct Pipeline {
  static let folder = Fixtures.folder.appending(path: "pipeline")
  static let rules = NormalizationRule.allCases
  static let masks: [String: AnchorMask] = ["all": .all, "top": .top(12), "absolute": .topAbsolute(12)]

  let numbers: JSON
  private let prompts, transfers, tuned: GoldenTensors

  init() throws {
    numbers = try Fixtures.json(Self.folder.appending(path: "golden.json"))
    prompts = try GoldenTensors(Self.folder.appending(path: "prompts.safetensors"))
    transfers = try GoldenTensors(Self.folder.appending(path: "transfer.safetensors"))
    tuned = try GoldenTensors(Self.folder.appending(path: "tuned.safetensors"))
  }

  // MARK: What the goldens hold

  func prompt(_ name: String) throws -> Matrix { try #require(try prompts.matrix(name)) }
  func transfer(_ name: String) throws -> Matrix { try #require(try transfers.matrix(name)) }
  func tuned(_ name: String) throws -> Matrix { try #require(try tuned.matrix(name)) }

  func list(_ section: String, _ key: String) throws -> [Double] {
    try #require(numbers[section]?[key]?.array).map { try #require($0.double) }
  }

  func number(_ section: String, _ key: String) throws -> Double {
    try #require(numbers[section]?[key]?.double)
  }

  func facts(_ section: String) throws -> [Example] {
    try #require(numbers[section]?["facts"]?.array).map { fact in
      let texts = try #require(fact.array).compactMap(\.string)
      return Example(relation: texts[0], subject: texts[1], object: texts[2])
    }
  }

  // MARK: What the library makes of the same

  func model(_ name: String) throws -> LanguageModel {
    try LanguageModel(folder: Self.folder.appending(path: name))
  }

  private func softPrompt(_ model: LanguageModel, _ vectors: Matrix, start: String? = nil) -> SoftPrompt {
    SoftPrompt(
      vectors: vectors, template: .vectors(vectors.rows), modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint, provenance: start.map { ["start": $0] } ?? [:])
  }

  /// From a by itself, or from a and b.
  private func transfer(
    _ method: any TransferMethod, _ rule: NormalizationRule, several: Bool, seed: UInt64
  ) throws -> Transfer {
    let sources = try names(several).map { try model($0).space }
    return Transfer(
      try SharedVocabulary(sources: sources, target: try model("t").space), method: method,
      normalization: rule, seed: seed, parallelism: Parallelism(threads: 1))
  }

  private func names(_ several: Bool) -> [String] { several ? ["a", "b"] : ["a"] }
  private func weights(_ several: Bool) -> [Float] { several ? [1, 3] : [1] }

  private func softPrompts(_ several: Bool, start: String? = nil) throws -> [SoftPrompt] {
    try names(several).map { try softPrompt(model($0), prompt($0), start: start) }
  }

  /// By the method that keeps starts, with prompts that name theirs.
  func change(from start: String?, several: Bool) throws -> SoftPrompt {
    let fitted = try transfer(StartAndChange(ridge: 0.3), .none, several: several, seed: 5).fit()
    return try fitted.carry(softPrompts(several, start: start), weights: weights(several)).prompt
  }

  private func carry(
    _ method: any TransferMethod, _ rule: NormalizationRule, several: Bool, seed: UInt64
  ) throws -> Matrix {
    try transfer(method, rule, several: several, seed: seed).fit()
      .carry(softPrompts(several), weights: weights(several)).vectors
  }

  func carry(_ name: String, _ rule: NormalizationRule, several: Bool) throws -> Matrix {
    try carry(method(name), rule, several: several, seed: 5)
  }

  /// A method by the name that it has in the golden.
  func method(_ name: String) throws -> any TransferMethod {
    try #require(Self.methods.first { $0.name == name }?.method)
  }

  func carry(_ method: any TransferMethod, _ rule: NormalizationRule = .none) throws -> Matrix {
    try carry(method, rule, several: false, seed: 5)
  }

  /// A method with its own defaults, by its name.
  func carryByDefault(_ name: String, several: Bool) throws -> Matrix {
    try carry(MethodRegistry.method(named: name), .strength, several: several, seed: 5)
  }

  private static var settings: TuningSettings {
    var settings = TuningSettings()
    (settings.epochs, settings.batchSize, settings.learningRate, settings.seed) = (5, 4, 0.1, 3)
    return settings
  }

  private func relation(_ split: ExampleSet.Split) throws -> ExampleSet {
    try ExampleSet(Self.folder.appending(path: "facts/r1"), split: split)
  }

  private func words() throws -> [String] {
    try CandidateVocabulary.readWords(Self.folder.appending(path: "words.txt"))
  }

  private func evaluator(_ words: [String]) throws -> Evaluator {
    let model = try model("t")
    return Evaluator(
      model: model, candidates: try CandidateVocabulary(words, tokenizer: model.tokenizer),
      parallelism: Parallelism(threads: 2))
  }

  struct Training {
    let vectors: Matrix
    let losses, devScores: [Double]
    let best: Double
  }

  func tune() throws -> Training {
    var settings = Self.settings
    settings.weightDecay = 0.1
    let result = try Tuner(evaluator: evaluator(words()), settings: settings).tune(
      train: relation(.train).examples, dev: relation(.dev).examples, template: .vectors(3),
      start: prompt("start"))
    return Training(
      vectors: result.vectors, losses: result.epochs.map(\.trainLoss),
      devScores: result.epochs.map(\.devAccuracy), best: try #require(result.bestDevAccuracy))
  }

  /// Tuning with one candidate, which every prompt answers with probability 1: all prompts are equals.
  /// - Parameter seed: of the start as well
  func tuneAmongEquals(from start: PromptStart, seed: UInt64 = 3) throws -> Matrix {
    let facts = try relation(.train).examples.map {
      Example(relation: "r", subject: $0.subject, object: "w00")
    }
    var settings = Self.settings
    settings.seed = seed
    let job = TuningJob(name: "facts", train: facts, dev: facts, template: .vectors(3), start: start)
    return try Tuner(evaluator: evaluator(["w00"]), settings: settings).tune([job])[0].vectors
  }

  func distil() throws -> Training {
    let teachers = try [("a", 1), ("b", 3)].map { name, weight in
      let model = try model(name)
      return try Teacher(model: model, prompt: softPrompt(model, prompt(name)), weight: Float(weight))
    }
    let distiller = try Distiller(
      teachers: teachers, student: model("t"), settings: Self.settings,
      temperature: Float(number("distil", "temperature")), parallelism: Parallelism(threads: 2))
    let result = try distiller.distil(
      train: SubjectSet(relation(.train).examples.map(\.subject)),
      dev: SubjectSet(relation(.dev).examples.map(\.subject)),
      template: .vectors(3), start: prompt("start"))
    return Training(
      vectors: result.vectors, losses: result.epochs.map(\.trainDivergence),
      devScores: result.epochs.compactMap(\.devDivergence), best: try #require(result.bestDevDivergence))
  }

  struct Choice {
    let ridge, score: Double

    init(_ chosen: [String: String], _ score: Double) throws {
      ridge = try #require(Double(chosen["ridge"] ?? ""))
      self.score = score
    }
  }

  /// - Parameter isReversed: whether the second source is given first
  func selectByWords(_ name: String, several: Bool, isReversed: Bool = false) throws -> Choice {
    func order<Element>(_ elements: [Element]) -> [Element] { isReversed ? elements.reversed() : elements }
    let transfer = Transfer(
      try SharedVocabulary(
        sources: try order(names(several)).map { try model($0).space }, target: try model("t").space),
      method: try MethodRegistry.method(named: name), normalization: .strength, seed: 4,
      parallelism: Parallelism(threads: 1))
    let choice = try #require(try WordSelection().choose(transfer, weights: order(weights(several))))
    return try Choice(choice.chosen, choice.score)
  }

  func selectByDev() throws -> Choice {
    let evaluator = try evaluator(words())
    let facts = try evaluator.prepare(facts("select.dev"), template: .vectors(3))
    let selected = try #require(
      try DevSelection(evaluator, facts: facts).run(
        transfer(CanonicalMap(), .strength, several: false, seed: 0), softPrompts(false)))
    return try Choice(selected.chosen, selected.score)
  }

  /// By the answers of both sources to all words.
  func selectByAgreement(_ measure: Agreement.Measure) throws -> Choice {
    let teachers = try zip(names(true), weights(true)).map { name, weight in
      let model = try model(name)
      return try Teacher(model: model, prompt: softPrompt(model, prompt(name)), weight: weight)
    }
    let words = try #require(numbers["select.agreement"]?["words"]?.array).compactMap(\.string)
    let judge = try Agreement(
      teachers, target: model("t"), subjects: SubjectSet((0..<40).map { $0 < 10 ? "w0\($0)" : "w\($0)" }),
      words: words, measure: measure, parallelism: Parallelism(threads: 2))
    let selected = try #require(
      try judge.run(
        transfer(CanonicalMap(), .strength, several: true, seed: 0), softPrompts(true), weights: weights(true)
      ))
    return try Choice(selected.chosen, selected.score)
  }

  /// The share of the development facts that canonical with this ridge gets right.
  func devAccuracy(ridge: Double) throws -> Double {
    let vectors = try carry(CanonicalMap(ridge: ridge), .strength, several: false, seed: 0)
    return try Evaluation(predictions(facts("select.dev"), vectors, words())).microAccuracy
  }

  func evaluate() throws -> [Prediction] {
    try predictions(facts("evaluate"), prompt("start"), words())
  }

  /// The last two facts, of which both words are always equally good.
  func evaluateTies() throws -> [Prediction] {
    try predictions(facts("evaluate").suffix(2), prompt("start"), ["zero0", "zero1"])
  }

  private func predictions(_ facts: [Example], _ vectors: Matrix, _ words: [String]) throws -> [Prediction] {
    let evaluator = try evaluator(words)
    return try #require(
      try evaluator.predictions(evaluator.prepare(facts, template: .vectors(3)), prompt: vectors))
  }
}
