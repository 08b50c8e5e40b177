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
        promptferry evaluate --model zoo:roberta-small --prompt carried.safetensors --facts atlas:capital
        promptferry evaluate --model zoo:bert-small --template "The capital of [X] is [Y] ." --facts atlas:capital
      """)

  @Option(help: "The model to ask.", completion: .directory) var model: String
  @Option(help: "A prompt file of this model, a PEFT adapter's folder, or an .npy file.", completion: .file())
  var prompt: String?
  @Option(
    help: """
      A manual template instead, with [X] for the subject and [Y] for the answer. Beside --prompt: where its vectors \
      stand, for prompts from elsewhere, which do not say it.
      """)
  var template: String?
  @Option(help: Location.factsHelp, completion: .directory) var facts: String
  @Option(help: "Which of them: train, dev or test.") var split: ExampleSet.Split = .test
  @Option(
    help: "Words among which answers are looked for, one a line (default: all whole words).",
    completion: .file())
  var vocabulary: String?
  @Option(help: "Also write every answer, one JSON object a line.", completion: .file()) var predictions:
    String?
  @OptionGroup var writing: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if prompt == nil, template == nil { throw ValidationError("give --prompt or --template") }
  }

  struct Result: Encodable {
    let evaluation: Evaluation
    let model: String
    let prompt: String?
    let template: String
    let vocabularySize: Int
    let factsPerSecond: Double
    let facts: String
    let split: ExampleSet.Split
    let skipped: ProbingSet.Skipped
    let duplicates: Int
    let embeddingSHA256: String
    let truncated: Int
    let task: TaskDescription?
    let classScores: ClassScores?

    enum Key: CodingKey {
      case model, prompt, template, vocabularySize, factsPerSecond, facts, split, skipped, duplicates,
        embeddingSHA256, truncated, task
    }

    func encode(to encoder: any Encoder) throws {
      try evaluation.encode(to: encoder)
      try classScores?.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(model, forKey: .model)
      try container.encodeIfPresent(prompt, forKey: .prompt)
      try container.encode(template, forKey: .template)
      try container.encode(vocabularySize, forKey: .vocabularySize)
      try container.encode(factsPerSecond, forKey: .factsPerSecond)
      try container.encode(facts, forKey: .facts)
      try container.encode(split, forKey: .split)
      try container.encode(skipped, forKey: .skipped)
      try container.encode(duplicates, forKey: .duplicates)
      try container.encode(embeddingSHA256, forKey: .embeddingSHA256)
      try container.encode(truncated, forKey: .truncated)
      try container.encodeIfPresent(task, forKey: .task)
    }
  }

  func run() async throws {
    let interruption = Interruption.shared
    let data = try Location.dataset(facts)
    if let predictions {
      let inputs = OutputOptions.Inputs(
        models: [model], files: [prompt, vocabulary].map { $0.map { URL(fileURLWithPath: $0) } }, data: [data]
      )
      try writing.check(URL(fileURLWithPath: predictions), .predictions, reading: inputs)
    }
    let set = try data.read(split)
    guard !set.examples.isEmpty else { throw TransferError(facts, "holds no facts") }
    let loaded = try await common.model(model, .model, interruption).languageModel()
    let given = try template.map { try Template($0) }
    let soft = try prompt.map {
      try PromptFile(URL(fileURLWithPath: $0), template: given).prompt(in: loaded.space)
    }
    try soft?.requireMatch(loaded.space.table, name: model)
    let layout = try soft?.template ?? given ?? Template("")
    if soft == nil, layout.vectorCount > 0 {
      throw TransferError(
        "template \"\(layout)\"", "has prompt vectors", hint: "Give the prompt with --prompt")
    }
    let candidates = try data.candidates(listedIn: vocabulary, space: loaded.space)
    let evaluator = Evaluator(model: loaded, candidates: candidates, parallelism: common.parallelism)
    let prepared = try evaluator.prepare(set.examples, template: layout)
    guard !prepared.examples.isEmpty else {
      throw TransferError(
        facts, "none of the \(set.examples.count) facts can be asked: \(prepared.skipped.text)",
        hint: "Objects must be single words of the model and of --vocabulary")
    }
    let progress = common.progress("asking \(loaded.name)", unit: "facts")
    let clock = ContinuousClock.now
    let answers = try evaluator.predictions(
      prepared, prompt: soft?.vectors ?? Matrix(rows: 0, columns: loaded.space.table.width),
      progress: { progress.update(min($0, prepared.examples.count), of: prepared.examples.count) },
      shouldStop: { interruption.isRequested })
    progress.finish()
    guard let answers else {
      common.note("Interrupted: nothing was written.")
      throw Interruption.shared.exit
    }
    let seconds = clock.duration(to: .now) / .seconds(1)
    if let predictions { try write(answers, to: URL(fileURLWithPath: predictions)) }
    if prepared.skipped != ProbingSet.Skipped() { common.note("Left out: \(prepared.skipped.text).") }
    if prepared.truncatedCount > 0 {
      common.note("\(prepared.truncatedCount) texts were cut to the model's positions.")
    }
    let evaluation = Evaluation(answers)
    let scores = data.labels.isEmpty ? nil : ClassScores(answers, labels: data.labels)
    try common.print(
      Result(
        evaluation: evaluation, model: loaded.name, prompt: prompt, template: layout.description,
        vocabularySize: candidates.ids.count, factsPerSecond: Double(answers.count) / max(seconds, 1e-9),
        facts: facts, split: split, skipped: prepared.skipped, duplicates: set.duplicateCount,
        embeddingSHA256: loaded.space.table.fingerprint, truncated: prepared.truncatedCount,
        task: data.task?.description, classScores: scores),
      text: scores.map { summary(evaluation, $0) } ?? summary(evaluation))
  }

  private func write(_ answers: [Prediction], to url: URL) throws {
    let lines = try answers.map { try compactJSON($0) }.joined(separator: "\n") + "\n"
    try AtomicFile.write(Data(lines.utf8), to: url)
  }

  private func percent(_ share: Double) -> String { (100 * share).formatted(1) }

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

      \(evaluation.factCount) examples: accuracy \(percent(evaluation.microAccuracy)) %, macro F1 \
      \(percent(scores.macroF1)) %
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
    return """
      \(table)

      \(evaluation.factCount) facts: micro accuracy \(percent(evaluation.microAccuracy)) %, macro accuracy \
      \(percent(evaluation.macroAccuracy)) %
      P@5 \(percent(at["5"] ?? 0)) %, P@10 \(percent(at["10"] ?? 0)) %, mean reciprocal rank \
      \(evaluation.meanReciprocalRank.formatted(3))
      """
  }
}

extension ExampleSet.Split: ExpressibleByArgument {}
