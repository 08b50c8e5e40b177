import ArgumentParser
import Checkpoints
import Foundation
import PromptTransfer
import Tensors

struct TuneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Tunes a soft prompt on a frozen model.",
    discussion: """
      Example:
        promptferry tune --model zoo:bert-small --facts atlas:capital -o capital.safetensors

      Only the prompt vectors learn. The vectors that do best on the development facts are kept. Interrupting \
      (Ctrl-C) writes the best so far.

      A prompt that was carried over can be refined with a few labelled facts:
        promptferry tune --model zoo:roberta-small --facts atlas:capital --init prompt:carried.safetensors \
          --facts-limit 16 -o refined.safetensors
      """)

  @Option(help: "The model to tune on.", completion: .directory) var model: String
  @Option(help: Location.factsHelp, completion: .directory) var facts: String
  @Option(
    help: """
      Where subject, vectors and answer stand (default: that of the prompt to start from, else the task's, else \
      [X] [V]*5 [Y] .).
      """)
  var template: String?
  @Option(
    name: .customLong("init"),
    help: """
      Start: random, template:TEXT for the embeddings of a manual template's words, or prompt:PATH for a prompt of this \
      model, one carried over for example, which is then refined.
      """)
  var initial: InitialPrompt = .random
  @Option(help: "Passes over the training facts.") var epochs = 10
  @Option(help: "Facts a step.") var batch = 16
  @Option(help: "Peak learning rate; rises over the first tenth, then falls to 0.") var learningRate: Float =
    3e-3
  @Option(help: "Decoupled weight decay.") var weightDecay: Float = 0
  @Option(
    help:
      "Use at most so many training facts, and development facts as well, drawn with --seed (default: all).")
  var factsLimit: Int?
  @Option(
    help: "Words among which answers are looked for, one a line (default: all whole words).",
    completion: .file())
  var vocabulary: String?
  @Option(name: [.short, .customLong("output")], help: "The prompt file to write.", completion: .file())
  var output: String
  @OptionGroup var common: CommonOptions

  enum InitialPrompt: ExpressibleByArgument {
    case random
    case template(String)
    case prompt(String)

    init?(argument: String) {
      if argument == "random" {
        self = .random
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
    if !(1...1_000_000).contains(epochs) {
      throw ValidationError("--epochs wants a number from 1 to 1000000")
    }
    if !(1...65_536).contains(batch) { throw ValidationError("--batch wants a number from 1 to 65536") }
    if !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate wants a positive number")
    }
    if let factsLimit, factsLimit < 1 { throw ValidationError("--facts-limit wants 1 or more") }
    if !(weightDecay >= 0 && weightDecay.isFinite) { throw ValidationError("--weight-decay wants 0 or more") }
  }

  struct Result: Encodable {
    let bestDevAccuracy: Double?
    let epochs: [TuningEpoch]
    let examplesPerSecond: Double
    let seconds: Double
    let interrupted: Bool
    let model: String
    let output: String
    let settings: TuningSettings
    let template: String
    let skipped: [String: ProbingSet.Skipped]
    let task: TaskDescription?
    let truncated: [String: Int]
  }

  func run() async throws {
    let interruption = Interruption()
    let data = try Location.dataset(facts)
    let given = try template.map { try Template($0) }
    let file: PromptFile? =
      if case .prompt(let path) = initial {
        try PromptFile(URL(fileURLWithPath: path), template: given)
      } else { nil }
    let layout = given ?? file?.template ?? data.template
    guard layout.vectorCount > 0 else {
      throw TransferError("template \"\(layout)\"", "has no prompt vectors to tune", hint: "Add [V]*5")
    }
    let destination = URL(fileURLWithPath: output)
    try AtomicFile.requireWritable(destination)
    let (train, dev) = (try facts(data, .train), try facts(data, .dev))
    let modelPlace = try await common.model(model, .model, interruption)
    let loaded = try modelPlace.languageModel()
    let candidates = try data.candidates(listedIn: vocabulary, space: loaded.space)
    let tuner = Tuner(
      evaluator: Evaluator(model: loaded, candidates: candidates, parallelism: common.parallelism),
      settings: settings)
    let origin = try file?.prompt(in: loaded.space)
    let start = try start(tuner, origin, layout)
    let progress = common.progress("tuning on \(loaded.name)", unit: "steps")
    let clock = ContinuousClock.now
    let result = try tuner.tune(
      train: train.facts, dev: dev.facts, template: layout, start: start,
      progress: { progress.update($0, of: $1) }, shouldStop: { interruption.isRequested })
    progress.finish()
    let seconds = clock.duration(to: .now) / .seconds(1)

    var provenance = [
      "createdBy": "promptferry \(PromptFerry.version) tune",
      "facts": data.name,
      "tuning": try compactJSON(settings),
      "bestDevAccuracy": result.bestDevAccuracy.map { "\($0)" } ?? "not scored",
      "complete": "\(!result.isInterrupted)",
    ]
    if let factsLimit { provenance["factsLimit"] = "\(factsLimit)" }
    if let origin { provenance["refines"] = try compactJSON(origin.provenance) }
    let prompt = SoftPrompt(
      vectors: result.vectors, template: layout, modelName: loaded.name,
      embeddingFingerprint: loaded.space.table.fingerprint,
      provenance: try provenance.merging(SoftPrompt.provenance(of: data.labels)) { $1 }
        .merging(modelPlace.provenance) { $1 })
    try prompt.write(to: destination)
    noteSkipped(result)
    if dev.facts.isEmpty { common.note("There are no development facts: the last prompt is kept.") }
    if case .facts(let place) = data, place.pathExtension == "jsonl" {
      common.note("One file of facts is both training and development facts: the dev accuracy says nothing.")
    }
    try common.print(
      Result(
        bestDevAccuracy: result.bestDevAccuracy, epochs: result.epochs,
        examplesPerSecond: Double(result.exampleCount) / max(seconds, 1e-9), seconds: seconds,
        interrupted: result.isInterrupted, model: loaded.name, output: output, settings: settings,
        template: layout.description, skipped: ["train": result.trainSkipped, "dev": result.devSkipped],
        task: data.task?.description,
        truncated: ["train": result.trainTruncatedCount, "dev": result.devTruncatedCount]),
      text: summary(result, seconds: seconds))
    if result.isInterrupted {
      common.note(
        "Interrupted: \(output) holds the best prompt so far"
          + (result.bestDevAccuracy == nil ? ", the latest one: nothing was scored yet." : "."))
      throw ExitCode(130)
    }
  }

  private func start(_ tuner: Tuner, _ origin: SoftPrompt?, _ layout: Template) throws -> Matrix {
    if let origin { return try tuner.start(from: origin, template: layout) }
    guard case .template(let manual) = initial else {
      return tuner.randomStart(vectorCount: layout.vectorCount)
    }
    return try tuner.start(from: Template(manual), vectorCount: layout.vectorCount)
  }

  private func facts(_ data: Dataset, _ split: FactSet.Split) throws -> FactSet {
    let all = try data.read(split)
    return factsLimit.map { all.drawn($0, seed: common.seed) } ?? all
  }

  private var settings: TuningSettings {
    var settings = TuningSettings()
    settings.epochs = epochs
    settings.batchSize = batch
    settings.learningRate = learningRate
    settings.weightDecay = weightDecay
    settings.seed = common.seed
    return settings
  }

  private func noteSkipped(_ result: TuningResult) {
    for (split, skipped, truncated) in [
      ("training", result.trainSkipped, result.trainTruncatedCount),
      ("development", result.devSkipped, result.devTruncatedCount),
    ] {
      if skipped != ProbingSet.Skipped() { common.note("Left out of the \(split) facts: \(skipped.text).") }
      if truncated > 0 { common.note("\(truncated) \(split) texts were cut to the model's positions.") }
    }
  }

  private func summary(_ result: TuningResult, seconds: Double) -> String {
    let loss = result.epochs.last.map { ", loss \($0.trainLoss.formatted(3))" } ?? ""
    let accuracy = result.bestDevAccuracy.map { "dev accuracy \((100 * $0).formatted(1)) %" } ?? "not scored"
    return "\(output): \(accuracy)\(loss), \(seconds.formatted(1)) s"
  }
}

extension ProbingSet.Skipped {
  var text: String {
    [
      objectNotACandidate > 0
        ? "\(objectNotACandidate) whose object is not one token (or no candidate)" : nil,
      empty > 0 ? "\(empty) without any token" : nil,
      tooLong > 0 ? "\(tooLong) longer than the model's positions" : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }
}

/// One line of JSON with sorted keys.
func compactJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
