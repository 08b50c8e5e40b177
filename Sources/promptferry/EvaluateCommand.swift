import ArgumentParser
import Formats
import Foundation
import PromptTransfer
import Tensors

struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Asks a model facts, with a prompt or a manual template.",
    discussion: """
      Examples:
        promptferry evaluate --model zoo:roberta-small \\
          --prompt carried.safetensors --facts atlas:capital
        promptferry evaluate --model zoo:bert-small \\
          --template "The capital of [X] is [Y] ." --facts atlas:capital
        promptferry evaluate --model SmolLM2-135M-Instruct.Q4_1.gguf --facts BEAR/
      """)

  @Option(help: "The model to ask.", completion: .directory) var model: String
  @Option(
    help:
      "A prompt file of this model, a PEFT adapter's folder, an .npy file, or FOLDER/ with RELATION.safetensors for each relation.",
    completion: .file())
  var prompt: String?
  @Option(
    help: """
      A manual template instead, with [X] for the subject and [Y] for the answer. Beside --prompt: where its vectors \
      stand, for prompts from elsewhere, which do not say it. Without both: each relation's own, of facts that bring one.
      """)
  var template: String?
  @Option(help: Location.factsHelp, completion: .directory) var facts: String
  @Option(help: "Which of them: train, dev or test.") var split: ExampleSet.Split = .test
  @OptionGroup var answering: AnswerOptionsGroup
  @Flag(
    help: """
      Rank texts by other measures too: the mean over the tokens, per byte, and less what the same sentence about nobody gives \
      (pointwise mutual information). All answers are scored to their ends then, which takes longer.
      """)
  var measures = false
  @Option(help: "Also write every answer, one JSON object a line.", completion: .file()) var predictions:
    String?
  @OptionGroup var computing: ComputingOptions
  @OptionGroup var writing: OutputOptions
  @OptionGroup var common: CommonOptions

  struct Result: Encodable {
    let evaluation: Evaluation
    let model: String
    let prompt: String?
    let template: String
    let vocabularySize: Int
    let answers: AnswerForm
    let masking: AnswerMasking?
    let factsPerSecond: Double
    let facts: String
    let split: ExampleSet.Split
    let skipped: ProbingSet.Skipped
    let duplicates: Int
    let embeddingSHA256: String
    let precision: Precision?
    let device: String?
    let truncated: Int
    /// How many of the facts the prompt was tuned on, as far as it says it.
    let seen: Int
    let task: TaskDescription?
    let classScores: ClassScores?

    enum Key: CodingKey {
      case model, prompt, template, vocabularySize, answers, masking, factsPerSecond, facts, split, skipped,
        duplicates,
        embeddingSHA256, precision, device, truncated, seen, task, microInterval, macroInterval
    }

    func encode(to encoder: any Encoder) throws {
      try evaluation.encode(to: encoder)
      try classScores?.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(model, forKey: .model)
      try container.encodeIfPresent(prompt, forKey: .prompt)
      try container.encode(template, forKey: .template)
      try container.encode(vocabularySize, forKey: .vocabularySize)
      try container.encode(answers, forKey: .answers)
      try container.encodeIfPresent(masking, forKey: .masking)
      try container.encode(factsPerSecond, forKey: .factsPerSecond)
      try container.encode(facts, forKey: .facts)
      try container.encode(split, forKey: .split)
      try container.encode(skipped, forKey: .skipped)
      try container.encode(duplicates, forKey: .duplicates)
      try container.encode(embeddingSHA256, forKey: .embeddingSHA256)
      try container.encodeIfPresent(precision, forKey: .precision)
      try container.encodeIfPresent(device, forKey: .device)
      try container.encode(truncated, forKey: .truncated)
      try container.encode(seen, forKey: .seen)
      try container.encodeIfPresent(task, forKey: .task)
      try container.encode(evaluation.microInterval, forKey: .microInterval)
      if classScores == nil { try container.encode(evaluation.macroInterval, forKey: .macroInterval) }
    }
  }

  func run() async throws {
    let interruption = Interruption.shared
    let data = try Location.dataset(facts)
    if let predictions {
      let inputs = OutputOptions.Inputs(
        models: [model], files: [prompt, answering.vocabulary].map { $0.map { URL(fileURLWithPath: $0) } },
        data: [data]
      )
      try writing.check(URL(fileURLWithPath: predictions), .predictions, reading: inputs)
    }
    let set = try data.read(split)
    guard !set.examples.isEmpty else { throw TransferError(facts, "holds no facts") }
    let loaded = try await common.model(model, .model, interruption).languageModel(computing.computing)
    // Beside all that follows: a large table takes a tenth of a second.
    async let embeddingSHA256 = loaded.space.table.fingerprint
    let questions = try questions(data, set, loaded)
    let evaluator = try answering.evaluator(
      [data], loaded, asking: questions.flatMap(\.examples), measures: measures,
      common)
    let prepared = try questions.map { try evaluator.prepare($0.examples, template: $0.template) }
    let (asked, given) = (
      prepared.reduce(0) { $0 + $1.examples.count }, questions.reduce(0) { $0 + $1.examples.count }
    )
    let skipped = prepared.map(\.skipped).reduce(ProbingSet.Skipped(), +)
    guard asked > 0 else {
      throw TransferError(
        facts, "none of the \(given) facts can be asked: \(skipped.text)",
        hint: hint(skipped, areTexts: evaluator.areTexts, loaded))
    }
    if let note = answering.note(evaluator, loaded) { common.note(note) }
    let progress = common.progress("asking \(loaded.name)", unit: "facts")
    let clock = ContinuousClock.now
    var answers: [Prediction] = []
    for (question, prepared) in zip(questions, prepared) {
      let done = answers.count
      let found = try evaluator.predictions(
        prepared, prompt: question.prompt?.vectors ?? Matrix(rows: 0, columns: loaded.space.table.width),
        progress: { progress.update(min(done + $0, asked), of: asked) },
        shouldStop: { interruption.isRequested })
      guard let found else { throw interruption.exit }
      answers += found
    }
    progress.finish()
    let seconds = clock.duration(to: .now) / .seconds(1)
    if let predictions { try write(answers, to: URL(fileURLWithPath: predictions)) }
    if skipped != ProbingSet.Skipped() { common.note("Left out: \(skipped.text).") }
    let seen = questions.reduce(0) { $0 + ($1.prompt?.countOfSeen($1.examples) ?? 0) }
    if seen > 0 {
      common.note(
        "The prompt was tuned on \(seen) of these \(given) facts: its accuracy on others may be lower.")
    }
    let truncated = prepared.reduce(0) { $0 + $1.truncatedCount }
    if truncated > 0 { common.note("\(truncated) texts were cut to the model's positions.") }
    let evaluation = Evaluation(answers)
    let scores = data.labels.isEmpty ? nil : ClassScores(answers, labels: data.labels)
    let templates = questions.map(\.template.description)
    try await common.print(
      Result(
        evaluation: evaluation, model: loaded.name, prompt: prompt,
        template: Set(templates).sorted().joined(separator: "; "),
        vocabularySize: evaluator.candidateCount, answers: evaluator.areTexts ? .text : .single,
        masking: loaded.hasMasks && evaluator.areTexts ? answering.masking : nil,
        factsPerSecond: Double(answers.count) / max(seconds, 1e-9),
        facts: facts, split: split, skipped: skipped, duplicates: set.duplicateCount,
        embeddingSHA256: embeddingSHA256, precision: loaded.notedPrecision,
        device: loaded.notedDevice,
        truncated: truncated, seen: seen,
        task: data.task?.description, classScores: scores),
      text: scores.map { summary(evaluation, $0) } ?? summary(evaluation))
  }

  /// What to do where every fact was left out, for the reason that most of them have.
  private func hint(_ skipped: ProbingSet.Skipped, areTexts: Bool, _ model: LanguageModel) -> String {
    switch max(skipped.objectNotACandidate, skipped.tooLong, skipped.empty) {
    case skipped.objectNotACandidate:
      areTexts
        ? "Objects must be among the texts of --vocabulary, and of tokens that the model has"
        : "Objects must be single words of the model and of --vocabulary; --answers text asks others as well"
    case skipped.tooLong:
      """
      Subject, template and prompt share the model's \(model.network.configuration.longestSequence) positions: shorten them, \
      or ask a model that has more
      """
    default: "Put words into the template"
    }
  }

  private func write(_ answers: [Prediction], to url: URL) throws {
    let lines = try answers.map { try compactJSON($0) }.joined(separator: "\n") + "\n"
    try AtomicFile.write(Data(lines.utf8), to: url)
  }

  private func percent(_ share: Double) -> String { (100 * share).formatted(1) }

  private func ends(_ interval: ShareInterval) -> String {
    "[\(percent(interval.low)), \(percent(interval.high))]"
  }

  private static let intervalNote = "In brackets: 95 % intervals (Wilson) over the"

  private func summary(_ evaluation: Evaluation, _ scores: ClassScores) -> String {
    var table = TextTable(["label", "word", "examples", "predicted", "precision %", "recall %", "F1 %"])
    for row in scores.classes {
      table.add([
        row.label, row.word, "\(row.count)", "\(row.predicted)", percent(row.precision), percent(row.recall),
        percent(row.f1),
      ])
    }
    return """
      \(table)

      \(evaluation.factCount) examples: accuracy \(percent(evaluation.microAccuracy)) % \
      \(ends(evaluation.microInterval)), macro F1 \(percent(scores.macroF1)) %
      \(Self.intervalNote) examples
      """
  }

  private func summary(_ evaluation: Evaluation) -> String {
    var table = TextTable(["relation", "facts", "correct", "P@1 %"])
    for relation in evaluation.relations {
      table.add([
        relation.relation, "\(relation.factCount)", "\(relation.correct)", percent(relation.accuracy),
      ])
    }
    let at = evaluation.precisionAt
    let texts = evaluation.texts.map { "\n\n" + summary($0) } ?? ""
    return """
      \(table)

      \(evaluation.factCount) facts: micro accuracy \(percent(evaluation.microAccuracy)) % \
      \(ends(evaluation.microInterval)), macro accuracy \(percent(evaluation.macroAccuracy)) % \
      \(ends(evaluation.macroInterval))
      P@5 \(percent(at["5"] ?? 0)) %, P@10 \(percent(at["10"] ?? 0)) %, mean reciprocal rank \
      \(evaluation.meanReciprocalRank.formatted(3))
      \(Self.intervalNote) facts\(texts)
      """
  }

  private func summary(_ texts: Evaluation.Texts) -> String {
    var table = TextTable(["tokens of the object", "facts", "correct", "P@1 %"])
    for length in texts.lengths {
      table.add(["\(length.tokens)", "\(length.factCount)", "\(length.correct)", percent(length.accuracy)])
    }
    let (fewest, most) = (texts.fewestOptions, texts.mostOptions)
    let others = (texts.accuracyBy ?? [:]).sorted { $0.key < $1.key }
      .map { "\($0.key) \(percent($0.value)) %" }.joined(separator: ", ")
    return """
      \(table)

      Answers are texts, out of \(fewest == most ? "\(most)" : "\(fewest) to \(most)") for each relation, \
      by the sum of their tokens' log-likelihoods.\(others.isEmpty ? "" : " P@1 by other measures: " + others)
      """
  }
}

extension ExampleSet.Split: ExpressibleByArgument {}
