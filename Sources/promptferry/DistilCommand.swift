import ArgumentParser
import Formats
import Foundation
import PromptTransfer

struct DistilCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distil",
    abstract: "Tunes a prompt on another model without labels, by the answers of the source models.",
    discussion: """
      Example:
        promptferry distil --from zoo:bert-small=capital.safetensors --to zoo:roberta-small --start carried.safetensors \
          --facts atlas:capital -o distilled.safetensors

      The target's answers to the subjects are pulled toward those of the sources with their own prompts, over the words that \
      all of them know, or the label words of a task. Of FACTS only the subjects are read, never the objects, of a task only the texts; \
      the prompt that comes closest on the development subjects is kept. Interrupting (Ctrl-C) writes the best so far.
      """)

  @Option(help: SourceArgument.help) var from: [SourceArgument]
  @Option(help: "The target model.", completion: .directory) var to: String
  @Option(
    help:
      "A prompt of the target to start from, as transfer writes (default: the words of the template, as tune has it).",
    completion: .file())
  var start: String?
  @Option(
    help:
      "Subjects: facts with train and dev splits, whose objects are not read, or a task (task:NAME), whose labels are not.",
    completion: .directory)
  var facts: String
  @Option(help: "Use at most so many training and development subjects, drawn with --seed (default: all).")
  var factsLimit: Int?
  @Option(help: "The target's template (default: that of --start, or of the first source).")
  var template: String?
  @Option(help: "Passes over the training subjects.") var epochs = 10
  @Option(help: "Subjects a step.") var batch = 16
  @Option(
    help: """
      Peak learning rate, which rises over the first tenth, then falls to 0: a number, or in deviations of the model's word \
      embeddings, as the default.
      """, transform: LearningRate.init(argument:))
  var learningRate = TuningSettings().learningRate
  @Option(help: "What logits are divided by: above 1, unlikely answers count more.") var temperature: Float =
    1
  @Option(
    help: "Words over which answers are compared, one a line (default: all that the models share).",
    completion: .file())
  var vocabulary: String?
  @Option(name: [.short, .customLong("output")], help: "The prompt file to write.", completion: .file())
  var output: String
  @OptionGroup var computing: PrecisionOptions
  @OptionGroup var writing: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if from.isEmpty { throw ValidationError("--from MODEL=PROMPT is missing") }
    if let factsLimit, factsLimit < 1 { throw ValidationError("--facts-limit wants 1 or more") }
    if !(1...1_000_000).contains(epochs) {
      throw ValidationError("--epochs wants a number from 1 to 1000000")
    }
    if !(1...65_536).contains(batch) { throw ValidationError("--batch wants a number from 1 to 65536") }
    if !(temperature > 0 && temperature.isFinite) {
      throw ValidationError("--temperature wants a positive number")
    }
  }

  struct Result: Encodable {
    /// In nats.
    let bestDevDivergence: Double?
    let epochs: [DistillationEpoch]
    let examplesPerSecond: Double
    let interrupted: Bool
    let output: String
    let precision: Precision?
    let seconds: Double
    let settings: TuningSettings
    let skipped: Int
    let sources: [SourceArgument]
    let start: String?
    let target: String
    let temperature: Float
    let template: String
    let truncated: Int
    let vocabularySize: Int
  }

  func run() async throws {
    let interruption = Interruption.shared
    let destination = URL(fileURLWithPath: output)
    let data = try Location.dataset(facts)
    let files = from.map(\.prompt) + [start, vocabulary].compactMap(\.self)
    try writing.check(
      destination, .prompt,
      reading: OutputOptions.Inputs(
        models: from.map(\.model) + [to], files: files.map { URL(fileURLWithPath: $0) }, data: [data]))
    // What is wrong with the subjects is said before a model is fetched.
    _ = try data.subjects(.train)
    var teachers: [Teacher] = []
    for source in from {
      let model = try await common.model(source.model, .model, interruption)
        .languageModel(computing.precision)
      let prompt = try PromptFile(URL(fileURLWithPath: source.prompt)).prompt(in: model.space)
      teachers.append(try Teacher(model: model, prompt: prompt, weight: source.weight))
    }
    let studentPlace = try await common.model(to, .model, interruption)
    let student = try studentPlace.languageModel(computing.precision)
    let origin = try start.map { try PromptFile(URL(fileURLWithPath: $0)).prompt(in: student.space) }
    let layout =
      try template.map { try Template($0) } ?? origin?.template ?? teachers[0].prompt.template
    let job = try DistillationJob(
      data, template: layout, start: origin.map { .prompt($0) },
      subjectLimit: factsLimit, seed: common.seed)
    try data.requireLabels(in: teachers.map(\.model.space) + [student.space])
    let words = try vocabulary.map { try CandidateVocabulary.readWords(URL(fileURLWithPath: $0)) }
    let distiller = try common.lookingUp("words of \(student.name)") { progress, shouldStop in
      try Distiller(
        teachers: teachers, student: student, words: data.comparedWords(words),
        settings: settings, temperature: temperature, parallelism: common.parallelism, progress: progress,
        shouldStop: shouldStop)
    }
    let progress = common.progress("distilling into \(student.name)", unit: "steps")
    let clock = ContinuousClock.now
    interruption.beginWork()
    let result = try distiller.distil(
      job, progress: { progress.update($0, of: $1) }, shouldStop: { interruption.isRequested })
    progress.finish()
    let seconds = clock.duration(to: .now) / .seconds(1)

    try result.prompt.adding(provenance: studentPlace.provenance).write(to: destination)
    if result.skippedCount > 0 {
      common.note(
        "Left out: \(result.skippedCount) subjects without tokens, or too long for one of the models.")
    }
    if result.truncatedCount > 0 {
      common.note("\(result.truncatedCount) texts were cut to the model's positions.")
    }
    if job.dev.subjects.isEmpty { common.note("There are no development subjects: the last prompt is kept.") }
    try common.print(
      Result(
        bestDevDivergence: result.bestDevDivergence, epochs: result.epochs,
        examplesPerSecond: Double(result.exampleCount) / max(seconds, 1e-9),
        interrupted: result.isInterrupted, output: output, precision: student.notedPrecision,
        seconds: seconds, settings: settings,
        skipped: result.skippedCount, sources: from, start: start, target: student.name,
        temperature: temperature, template: layout.description, truncated: result.truncatedCount,
        vocabularySize: distiller.words.count),
      text: summary(result, seconds: seconds))
    if result.isInterrupted {
      common.note("Interrupted: \(output) holds the best prompt so far.")
      throw Interruption.shared.exit
    }
  }

  private var settings: TuningSettings {
    var settings = TuningSettings()
    settings.epochs = epochs
    settings.batchSize = batch
    settings.learningRate = learningRate
    settings.seed = common.seed
    return settings
  }

  private func summary(_ result: DistillationResult, seconds: Double) -> String {
    let divergence =
      result.bestDevDivergence.map { "dev divergence \($0.formatted(3)) nats" } ?? "not scored"
    return "\(output.shown): \(divergence), \(seconds.formatted(1)) s"
  }
}
