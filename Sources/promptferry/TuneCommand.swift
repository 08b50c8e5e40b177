import ArgumentParser
import Formats
import Foundation
import PromptTransfer

struct TuneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Tunes a soft prompt on a frozen model.",
    discussion: """
      Example:
        promptferry tune --model zoo:bert-small --facts atlas:capital \\
          -o capital.safetensors

      Only the prompt vectors learn. The vectors that do best on the development facts are kept. Interrupting \
      (Ctrl-C) writes the best so far.

      A prompt that was carried over can be refined with a few labelled facts:
        promptferry tune --model zoo:roberta-small --facts atlas:capital \\
          --init prompt:carried.safetensors --facts-limit 16 \\
          -o refined.safetensors

      Several prompts are tuned together, each as it would be alone, where the output is a folder (it ends with a /): \
      one for each --facts, and for each relation of a folder of relations. Small batches then go as fast as large ones.
        promptferry tune --model zoo:bert-small --facts atlas: --batch 4 \\
          -o prompts/
      """)

  @Option(help: "The model to tune on.", completion: .directory) var model: String
  @Option(help: Location.factsHelp, completion: .directory) var facts: [String]
  @Option(
    help: """
      Where subject, vectors and answer stand (default: that of the prompt to start from, else the task's, else \
      [X] [V]*5 [Y] .).
      """)
  var template: String?
  @Option(help: "How many vectors: short for --template \"[X] [V]*N [Y] .\".") var vectors: Int?
  @Option(
    name: .customLong("init"),
    help: """
      Start: template:TEXT for the embeddings of a manual template's words, mean for the mean word, random for random vectors, \
      as the paper has it, which hardly carry between large models, or prompt:PATH for a prompt of this model, one carried over \
      for example, which is then refined. Default: the words of the relation's template in relations.jsonl beside the facts \
      or of the task's, else mean.
      """)
  var initial: InitialPrompt?
  @Option(help: "Passes over the training facts.") var epochs = 10
  @Option(help: "Facts a step.") var batch = 16
  @Option(
    help: """
      Peak learning rate, which rises over the first tenth, then falls to 0: a number, or in deviations of the model's word \
      embeddings, as the default.
      """, transform: LearningRate.init(argument:))
  var learningRate = TuningSettings().learningRate
  @Option(help: "Decoupled weight decay.") var weightDecay: Float = 0
  @Option(
    help:
      "Use at most so many training facts, and development facts as well, drawn with --seed (default: all).")
  var factsLimit: Int?
  @OptionGroup var answering: AnswerOptionsGroup
  @Option(
    name: [.short, .customLong("output")],
    help: "The prompt file to write, or FOLDER/ for RELATION.safetensors of each relation.",
    completion: .file())
  var output: String
  @OptionGroup var computing: ComputingOptions
  @OptionGroup var writing: OutputOptions
  @OptionGroup var common: CommonOptions

  enum InitialPrompt: ExpressibleByArgument {
    case random
    case mean
    case template(String)
    case prompt(String)

    init?(argument: String) {
      if argument == "random" {
        self = .random
      } else if argument == "mean" {
        self = .mean
      } else if argument.hasPrefix("template:") {
        self = .template(String(argument.dropFirst("template:".count)))
      } else if argument.hasPrefix("prompt:") {
        self = .prompt(String(argument.dropFirst("prompt:".count)))
      } else {
        return nil
      }
    }
  }

  func validate() throws {
    if facts.isEmpty { throw ValidationError("--facts is missing") }
    if facts.count > 1, !isFolder {
      throw ValidationError("several --facts want a folder for the prompts: -o FOLDER/")
    }
    if let vectors, !Template.runLengths.contains(vectors) {
      throw ValidationError("--vectors wants a number from 1 to \(Template.runLengths.upperBound)")
    }
    if vectors != nil, template != nil {
      throw ValidationError("--vectors and --template exclude each other")
    }
    if !(1...1_000_000).contains(epochs) {
      throw ValidationError("--epochs wants a number from 1 to 1000000")
    }
    if !(1...65_536).contains(batch) { throw ValidationError("--batch wants a number from 1 to 65536") }
    if let factsLimit, factsLimit < 1 { throw ValidationError("--facts-limit wants 1 or more") }
    if !(weightDecay >= 0 && weightDecay.isFinite) { throw ValidationError("--weight-decay wants 0 or more") }
  }

  func run() async throws {
    let interruption = Interruption.shared
    var tasks = try tasks()
    let modelPlace = try await common.model(model, .model, interruption)
    let loaded = try modelPlace.languageModel(computing.computing)
    let evaluator = try answering.evaluator(
      tasks.map(\.data), loaded, asking: tasks.flatMap { $0.job.train + $0.job.dev },
      common)
    if let note = answering.note(evaluator, loaded) { common.note(note) }
    let tuner = Tuner(evaluator: evaluator, settings: settings)
    for index in tasks.indices {
      if let origin = try tasks[index].origin?.prompt(in: loaded.space) {
        tasks[index].job.start = .prompt(origin)
      }
    }
    let progress = common.progress("tuning on \(loaded.name)", unit: "steps")
    let clock = ContinuousClock.now
    interruption.beginWork()
    let results = try tuner.tune(
      tasks.map(\.job), progress: { progress.update($0) { (100 * $0).formatted(1) + " %" } },
      rescue: { common.rescue($1.adding(provenance: modelPlace.provenance), to: tasks[$0].output) },
      shouldStop: { interruption.isRequested })
    progress.finish()
    let seconds = clock.duration(to: .now) / .seconds(1)
    for (task, result) in zip(tasks, results) {
      try result.prompt.adding(provenance: modelPlace.provenance).write(to: task.output)
      note(task, result)
    }
    try report(zip(tasks, results).map { ($0, $1) }, model: loaded, seconds: seconds)
  }

  /// One prompt to tune, and where it goes.
  struct Task {
    let data: Dataset
    let output: URL
    /// The prompt to start from.
    let origin: PromptFile?
    var job: TuningJob
  }

  /// Whether the output is a folder, with a prompt for each relation.
  var isFolder: Bool { output.hasSuffix("/") }

  private func tasks() throws -> [Task] {
    var sets = try facts.map { try Location.dataset($0) }
    let destination = URL(fileURLWithPath: output)
    if isFolder {
      sets = try sets.flatMap { try $0.relations() }
      for (index, set) in sets.enumerated() {
        if sets.count > 1, set.task != nil {
          throw TransferError(
            "task \(set.name)", "is not tuned together with others", hint: "Tune it by itself")
        }
        if sets[..<index].contains(where: { $0.name == set.name }) {
          throw TransferError(output, "cannot hold two prompts of the name \(set.name)")
        }
      }
      try writing.refuse(destination, among: OutputOptions.Inputs(models: [model]))
      try FileManager.default.createDirectory(at: destination, withIntermediateDirectories: true)
    }
    let given = try template.map { try Template($0) } ?? vectors.map { Template.vectors($0) }
    let origin: PromptFile? =
      if case .prompt(let path) = initial {
        try PromptFile(URL(fileURLWithPath: path), template: given)
      } else { nil }
    let refined: String? = if case .prompt(let path) = initial { path } else { nil }
    let inputs = OutputOptions.Inputs(
      models: [model], files: [refined, answering.vocabulary].map { $0.map { URL(fileURLWithPath: $0) } },
      data: sets)
    return try sets.map { data in
      let job = try TuningJob(
        data, template: given ?? origin?.template, start: try start(), exampleLimit: factsLimit,
        seed: common.seed)
      let file = isFolder ? destination.appendingPathComponent("\(data.stem).safetensors") : destination
      try writing.check(file, .prompt, reading: inputs)
      return Task(data: data, output: file, origin: origin, job: job)
    }
  }

  /// Nil for the data's own. A prompt's vectors follow, when the model is there.
  private func start() throws -> PromptStart? {
    switch initial {
    case nil: nil
    case .random, .prompt: .random
    case .mean: .mean
    case .template(let manual): .words(try Template(manual))
    }
  }

  var settings: TuningSettings {
    var settings = TuningSettings()
    settings.epochs = epochs
    settings.batchSize = batch
    settings.learningRate = learningRate
    settings.weightDecay = weightDecay
    settings.seed = common.seed
    return settings
  }
}

/// One line of JSON with sorted keys.
func compactJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
