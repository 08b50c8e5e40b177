import Foundation
import LanguageModels
import PromptTransfer
import TestSupport
import Testing

/// Tasks on models: label words, two texts, texts that are too long.
@Suite struct TaskModelTests {
  static let labels = [
    TaskDescription.Label(name: "n", word: "norway"), TaskDescription.Label(name: "i", word: "italy"),
  ]

  private func candidates(_ model: LanguageModel, _ words: [String] = ["norway", "italy"]) throws
    -> CandidateVocabulary
  {
    try CandidateVocabulary(
      labels: words.enumerated().map { TaskDescription.Label(name: "l\($0.offset)", word: $0.element) },
      model: model.name, tokenizer: model.tokenizer)
  }

  private func evaluator(_ model: LanguageModel) throws -> Evaluator {
    Evaluator(model: model, candidates: try candidates(model), parallelism: .granted)
  }

  @Test func labelWordsMustBeSingleTokens() throws {
    let model = try TinyWorld().model("model")
    #expect(try candidates(model).words == ["norway", "italy"])
    for (words, problem) in [
      (["rome", "france italy"], #"label "l1": its word "france italy" is not one token of model"#),
      (["nonsense", "rome"], #"label "l0": its word "nonsense" is not one token of model"#),
      (
        ["rome", "rome"], #"label "l1": its word "rome" is the same token of model as that of the label "l0""#
      ),
    ] {
      let error = #expect(throws: TransferError.self) { try candidates(model, words) }
      #expect(error?.description.contains(problem) == true, "\(error?.description ?? "no error")")
    }
  }

  /// A carried prompt knows its labels, so a target without them is refused; prompts of facts have none.
  @Test func promptsRememberTheirLabels() throws {
    let world = try TinyWorld()
    let model = try world.model("model", extra: ["superb"])
    let plain = TinyWorld.prompt(model)
    #expect(plain.labels.isEmpty)
    try plain.requireLabels(in: model.space)
    let labels = [Self.labels[1], TaskDescription.Label(name: "s", word: "superb")]
    let prompt = SoftPrompt(
      vectors: plain.vectors, template: plain.template, modelName: "model",
      embeddingFingerprint: plain.embeddingFingerprint, provenance: SoftPrompt.provenance(of: labels))
    let file = world.folder.url.appending(path: "p")
    try prompt.write(to: file)
    #expect(try SoftPrompt(file).labels == labels)
    try prompt.requireLabels(in: model.space)
    let other = try world.model("other")
    let error = #expect(throws: TransferError.self) { try prompt.requireLabels(in: other.space) }
    #expect(error?.description.contains(#"label "s": its word "superb" is not one token of other"#) == true)
  }

  @Test func placesAndTextsMustAgree() throws {
    let evaluator = try evaluator(TinyWorld().model("model"))
    let one = Example(relation: "t", subject: "paris", object: "italy")
    let two = Example(relation: "t", subject: "paris", second: "rome", object: "italy")
    #expect(try evaluator.prepare([two], template: Template("[X] [X2] [Y]")).inputs.count == 1)
    for (fact, template, problem) in [
      (one, "[X] [X2] [Y]", "has [X2], where t has one text"),
      (two, "[X] [Y]", "has no [X2] for the second text of t"),
    ] {
      let error = #expect(throws: TransferError.self) {
        try evaluator.prepare([fact], template: Template(template))
      }
      #expect(error?.description.contains(problem) == true)
    }
  }

  private func tokens(_ model: LanguageModel, _ input: PromptedInput) -> String {
    input.elements.map {
      switch $0 {
      case .token(let id): model.tokenizer.token(of: id) ?? "?"
      case .vector(let index): "V\(index + 1)"
      }
    }.joined(separator: " ")
  }

  /// The model has 12 positions. The longer text gives way first, then both; prompt, mask and words never do.
  @Test(arguments: [
    ("paris rome", "oslo", "[CLS] paris rome is oslo V1 V2 [MASK] . [SEP]"),
    ("paris rome france italy norway the", "oslo", "[CLS] paris rome france is oslo V1 V2 [MASK] . [SEP]"),
    ("paris", "the capital of italy is rome", "[CLS] paris is the capital of V1 V2 [MASK] . [SEP]"),
    (
      "paris rome oslo france italy", "the capital of norway is",
      "[CLS] paris rome is the capital V1 V2 [MASK] . [SEP]"
    ),
  ])
  func longTextsAreCut(_ first: String, _ second: String, _ expected: String) throws {
    let model = try TinyWorld().model("model", positions: 11)
    let template = try Template("[X] is [X2] [V]*2 [Y] .")
    let fact = Example(relation: "t", subject: first, second: second, object: "italy")
    let set = try evaluator(model).prepare([fact], template: template)
    #expect(set.inputs.map { tokens(model, $0) } == [expected])
    #expect(set.examples == [fact] && set.labels == [1])
    #expect(set.truncatedCount == (second == "oslo" && first == "paris rome" ? 0 : 1))
    #expect(set.skipped == ProbingSet.Skipped())
    // Facts are asked whole or not at all.
    let whole = try TinyWorld.evaluator(model).prepare([fact], template: template)
    #expect(whole.truncatedCount == 0 && whole.skipped.tooLong == set.truncatedCount)
  }

  @Test func promptsThatLeaveNoRoomAreCounted() throws {
    let model = try TinyWorld().model("model", positions: 11)
    let fact = Example(relation: "t", subject: "paris rome", object: "italy")
    let set = try evaluator(model).prepare([fact], template: .vectors(9))
    #expect(set.inputs.isEmpty && set.skipped.tooLong == 1)
  }

  /// Byte-level and causal models too, with texts of one endless word.
  @Test(arguments: ["roberta-tiny", "gpt2-small", "albert-tiny", "bert-tiny"])
  func everyInputFits(_ name: String) throws {
    let model = try LanguageModel(folder: ZooFixture.folder(name))
    let evaluator = Evaluator(
      model: model, candidates: try candidates(model, ["music", "city"]), parallelism: .granted)
    let texts = [
      String(repeating: "the music of France ", count: 30), String(repeating: "abcdefg", count: 80),
      "short one",
      String(repeating: "🙂", count: 60),
    ]
    let facts = texts.flatMap { first in
      texts.map { Example(relation: "t", subject: first, second: $0, object: "music") }
    }
    let limit = model.network.configuration.longestSequence
    let set = try evaluator.prepare(facts, template: Template("[X] and [X2] [V]*5 [Y] ."))
    #expect(set.inputs.count == facts.count && set.skipped == ProbingSet.Skipped())
    #expect(set.inputs.allSatisfy { $0.elements.count <= limit })
    #expect(set.inputs.allSatisfy { input in (0..<5).allSatisfy { input.elements.contains(.vector($0)) } })
    #expect(set.truncatedCount > 0 && set.truncatedCount < facts.count)
  }

  /// Tuning's loss is over the label words alone: of two, it begins near ln 2, where all words begin near ln V.
  @Test func theLossIsOverTheLabels() throws {
    let model = try TinyWorld().model("model")
    let facts = [("paris", "italy"), ("oslo", "norway")].map {
      Example(relation: "t", subject: $0.0, object: $0.1)
    }
    func loss(_ evaluator: Evaluator) throws -> Double {
      var settings = TuningSettings()
      settings.epochs = 1
      settings.learningRate = 1e-6
      let tuner = Tuner(evaluator: evaluator, settings: settings)
      let start = tuner.randomStart(vectorCount: 2)
      let set = try evaluator.prepare(facts, template: .vectors(2))
      let answers = try #require(try evaluator.predictions(set, prompt: start))
      let result = try tuner.tune(train: facts, dev: [], template: .vectors(2), start: start)
      if set.labels.max() == 1 {
        let expected = answers.reduce(0) { $0 - Double($1.logProbability) } / Double(answers.count)
        expectClose([result.epochs[0].trainLoss], [expected], absolute: 1e-5)
      }
      return result.epochs[0].trainLoss
    }
    #expect(try loss(evaluator(model)) < loss(TinyWorld.evaluator(model)))
  }
}
