import ArgumentParser
import Formats
import Foundation
import PromptTransfer

struct DistilCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distil",
    abstract: "Tunes a prompt on another model without labels, by the answers of the source models.",
    discussion: """
      Examples:
        promptferry distil --from zoo:bert-small=capital.safetensors \\
          --to zoo:roberta-small --start carried.safetensors --facts atlas:capital \\
          -o distilled.safetensors
        promptferry distil --from zoo:bert-small=prompts/ --to zoo:roberta-small \\
          --facts atlas: -o distilled/

      The target's answers to the subjects are pulled toward those of the sources with their own prompts, over the words that \
      all of them know, or the label words of a task. Of FACTS only the subjects are read, never the objects, of a task only the texts; \
      the prompt that comes closest on the development subjects is kept. Interrupting (Ctrl-C) writes the best so far.

      Where the output is a folder, prompts are distilled together, each as it would be alone: as many at a time as have their sources' \
      answers in 1 GB.
      """)

  @Option(help: SourceArgument.help) var from: [SourceArgument]
  @Option(help: "The target model.", completion: .directory) var to: String
  @Option(
    help:
      "A prompt of the target to start from, as transfer writes, or a folder of them (default: the words of the template, as tune has it).",
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
  @Option(
    name: [.short, .customLong("output")],
    help: """
      The prompt file to write, or FOLDER/ for every prompt that the sources' folders have, each with the subjects of the relation of its \
      name.
      """,
    completion: .file())
  var output: String
  @OptionGroup var computing: ComputingOptions
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
    let device: String?
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

  /// Of several prompts.
  struct Results: Encodable {
    let interrupted: Bool
    let prompts: [Result]
    let seconds: Double
  }

  /// One prompt to distil, and where it goes.
  private struct Task {
    let teachers: [Teacher]
    let job: DistillationJob
    let output: URL
    /// The output as the user would write it.
    let name: String
  }

  func run() async throws {
    let interruption = Interruption.shared
    let data = try Location.dataset(facts)
    let places = try PromptPlaces(from: from.map(\.prompt), output: output) { outputs, sources in
      let lists = [start, vocabulary].compactMap(\.self).map { URL(fileURLWithPath: $0) }
      let inputs = OutputOptions.Inputs(
        models: from.map(\.model) + [to], files: sources + lists, data: [data])
      for output in outputs { try writing.check(output, .prompt, reading: inputs) }
    }
    // What is wrong with the subjects is said before a model is fetched.
    let sets = try places.datasets(data)
    for set in sets { _ = try set.subjects(.train) }
    var sources: [LanguageModel] = []
    for source in from {
      sources.append(
        try await common.model(source.model, .model, interruption).languageModel(computing.computing))
    }
    let studentPlace = try await common.model(to, .model, interruption)
    let student = try studentPlace.languageModel(computing.computing)
    let tasks = try sets.indices.map { index in
      try task(
        places.sources[index], sets[index], sources, student, places.outputs[index], places.names[index])
    }
    try data.requireLabels(in: sources.map(\.space) + [student.space])
    let words = try vocabulary.map { try CandidateVocabulary.readWords(URL(fileURLWithPath: $0)) }
    let compared = try common.lookingUp("words of \(student.name)") { progress, shouldStop in
      try ComparedWords(
        sources, target: student, words: data.comparedWords(words), progress: progress,
        shouldStop: shouldStop)
    }
    interruption.beginWork()
    let clock = ContinuousClock.now
    var results: [Result] = []
    for range in parts(of: tasks, words: compared) {
      if interruption.isRequested, !results.isEmpty { break }
      let number = range.count == 1 ? "\(range.upperBound)" : "\(range.lowerBound + 1) to \(range.upperBound)"
      let title = "distilling into \(student.name)"
      let progress = common.progress(
        range.count == tasks.count ? title : "\(title), \(number) of \(tasks.count)", unit: "steps")
      results += try distil(tasks[range], compared, places.isFolder, studentPlace.provenance, progress)
    }
    try report(results, of: tasks.count, isFolder: places.isFolder, clock.duration(to: .now) / .seconds(1))
  }

  /// As many together as have their sources' answers in 1 GB.
  private func parts(of tasks: [Task], words: ComparedWords) -> [Range<Int>] {
    var (parts, bytes): ([Range<Int>], Int) = ([], 0)
    for (index, task) in tasks.enumerated() {
      let own = (task.job.train.subjects.count + task.job.dev.subjects.count) * words.count * 4
      if let last = parts.last, bytes + own <= 1 << 30 {
        parts[parts.count - 1] = last.lowerBound..<index + 1
        bytes += own
      } else {
        parts.append(index..<index + 1)
        bytes = own
      }
    }
    return parts
  }

  /// Distils prompts together and writes them. Of several that were stopped before anything was learned, the first only.
  private func distil(
    _ tasks: ArraySlice<Task>, _ words: ComparedWords, _ areMany: Bool, _ provenance: [String: String],
    _ progress: ProgressReporter
  ) throws -> [Result] {
    let pairs = tasks.map { task in
      let distiller = Distiller(
        task.teachers, over: words, settings: settings, temperature: temperature,
        parallelism: common.parallelism)
      return (distiller: distiller, job: task.job)
    }
    let clock = ContinuousClock.now
    let all = try Distiller.distil(
      pairs, progress: { progress.update($0) { $0.formatted(3) } },
      rescue: { common.rescue($1.adding(provenance: provenance), to: tasks[tasks.startIndex + $0].output) },
      shouldStop: { Interruption.shared.isRequested })
    progress.finish()
    let seconds = clock.duration(to: .now) / .seconds(1)
    let hasBegun = all.contains { $0.exampleCount > 0 }
    return try zip(tasks, hasBegun ? all[...] : all.prefix(1)).map { task, result in
      try result.prompt.adding(provenance: provenance).write(to: task.output)
      note(result, task.job, areMany)
      return Result(
        bestDevDivergence: result.bestDevDivergence, epochs: result.epochs,
        examplesPerSecond: Double(result.exampleCount) / max(seconds, 1e-9),
        interrupted: result.isInterrupted, output: task.name, precision: words.target.notedPrecision,
        device: words.target.notedDevice,
        seconds: seconds, settings: settings, skipped: result.skippedCount, sources: from, start: start,
        target: words.target.name, temperature: temperature, template: task.job.template.description,
        truncated: result.truncatedCount, vocabularySize: words.count)
    }
  }

  private func note(_ result: DistillationResult, _ job: DistillationJob, _ isOneOfMany: Bool) {
    let name = isOneOfMany ? "\(job.name): " : ""
    if result.skippedCount > 0 {
      common.note(
        "\(name)Left out: \(result.skippedCount) subjects without tokens, or too long for one of the models.")
    }
    if result.truncatedCount > 0 {
      common.note("\(name)\(result.truncatedCount) texts were cut to the model's positions.")
    }
    if job.dev.subjects.isEmpty {
      common.note("\(name)There are no development subjects: the last prompt is kept.")
    }
  }

  /// - Parameter prompts: one of each source
  private func task(
    _ prompts: [URL], _ data: Dataset, _ sources: [LanguageModel], _ student: LanguageModel, _ output: URL,
    _ name: String
  ) throws -> Task {
    let teachers = try from.indices.map { index in
      try Teacher(
        model: sources[index], prompt: try PromptFile(prompts[index]).prompt(in: sources[index].space),
        weight: from[index].weight)
    }
    let origin = try start.map { try PromptFile(startPlace($0, output)).prompt(in: student.space) }
    let layout = try template.map { try Template($0) } ?? origin?.template ?? teachers[0].prompt.template
    let job = try DistillationJob(
      data, template: layout, start: origin.map { .prompt($0) }, subjectLimit: factsLimit, seed: common.seed)
    return Task(teachers: teachers, job: job, output: output, name: name)
  }

  /// Of many prompts the start of the same name.
  private func startPlace(_ path: String, _ output: URL) throws -> URL {
    let place = URL(fileURLWithPath: path)
    guard self.output.hasSuffix("/") else { return place }
    let own = place.appendingPathComponent(output.lastPathComponent)
    guard FileManager.default.fileExists(atPath: own.path) else {
      throw TransferError(
        own.relativePath, "is not there",
        hint: "Where the output is a folder, --start is one with a prompt of each name")
    }
    return own
  }

  /// Prints the results; exits with 130 when it was interrupted.
  private func report(_ results: [Result], of count: Int, isFolder: Bool, _ seconds: Double) throws {
    let isInterrupted = results.count < count || results.contains(where: \.interrupted)
    if isFolder {
      try common.print(
        Results(interrupted: isInterrupted, prompts: results, seconds: seconds),
        text: (results.map { summary($0) } + ["\(results.count) prompts, \(seconds.formatted(1)) s"])
          .joined(separator: "\n"))
    } else {
      try common.print(results[0], text: summary(results[0]))
    }
    guard isInterrupted else { return }
    common.note(
      isFolder
        ? "Interrupted: \(output) holds \(results.count) of \(count) prompts, the best so far."
        : "Interrupted: \(output) holds the best prompt so far.")
    throw Interruption.shared.exit
  }

  private var settings: TuningSettings {
    var settings = TuningSettings()
    settings.epochs = epochs
    settings.batchSize = batch
    settings.learningRate = learningRate
    settings.seed = common.seed
    return settings
  }

  private func summary(_ result: Result) -> String {
    let divergence =
      result.bestDevDivergence.map { "dev divergence \($0.formatted(3)) nats" } ?? "not scored"
    return "\(result.output.shown): \(divergence), \(result.seconds.formatted(1)) s"
  }
}
