import ArgumentParser
import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import Tokenization

/// Tuning or evaluating with one model: its rate, the share of the machine's, allocations, memory, start-up.
struct MeasureModel: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "model")

  enum Work: String, ExpressibleByArgument, Codable { case tune, evaluate }

  @Argument(help: "The model's folder.") var model: String
  @Argument(help: "Facts, one JSON object a line.") var facts: String
  @Option var work: Work
  @Option var threads = 2
  @Option(help: "Use so many facts.") var limit = 250
  @Option(help: "Facts a step of tuning.") var batch = 16
  @Option(help: "How often all facts are gone through.") var passes = 1
  @Option(help: "Candidate answers, one word a line (default: all whole words).", completion: .file())
  var vocabulary: String?

  struct Result: Encodable {
    let work: Work
    let model: String
    let threads, facts, tokens, batch: Int
    let seconds, perSecond: Double
    let kernels: String
    /// In 1e9 floating-point operations a second: BLAS' product, and the necessary operations done.
    let sgemmRate, reachedRate: Double
    let share: Double
    /// Matrices allocated for each 16 facts.
    let buffersPerStep: Double
    let openSeconds, prepareSeconds, vocabularySeconds: Double
    let peakMemoryBytes, weightBytes: Int
  }

  func run() throws {
    let folder = URL(fileURLWithPath: model)
    let parallelism = Parallelism(threads: threads)
    let openSeconds = try elapsed { _ = try FrozenModel(folder: folder) }
    let vocabularySeconds = try elapsed { _ = try Tokenizer(folder: folder) }
    let loaded = try LanguageModel(folder: folder)
    let prepareSeconds = elapsed {
      loaded.network.prepare(gradients: work == .tune, parallelism: parallelism)
    }
    let candidates =
      try vocabulary.map {
        CandidateVocabulary(
          try CandidateVocabulary.readWords(URL(fileURLWithPath: $0)), tokenizer: loaded.tokenizer)
      } ?? CandidateVocabulary(tokenizer: loaded.tokenizer)
    let evaluator = Evaluator(model: loaded, candidates: candidates, parallelism: parallelism)
    var settings = TuningSettings()
    settings.batchSize = batch
    settings.epochs = passes
    let template = Template.vectors(5)
    let all = try FactSet(URL(fileURLWithPath: facts), split: .train).facts
    let usable = try evaluator.prepare(all, template: template).facts
    let chosen = Array(usable.prefix(limit))
    let set = try evaluator.prepare(chosen, template: template)
    let prompt = loaded.space.table.rows(Array(100..<105))

    let once: () throws -> Void
    switch self.work {
    case .evaluate:
      once = { for _ in 0..<passes { _ = try evaluator.predictions(set, prompt: prompt) } }
      _ = try evaluator.predictions(
        evaluator.prepare(Array(chosen.prefix(32)), template: template), prompt: prompt)
    case .tune:
      let tuner = Tuner(evaluator: evaluator, settings: settings)
      once = { _ = try tuner.tune(train: chosen, dev: [], template: template, start: prompt) }
      var short = settings
      short.epochs = 1
      _ = try Tuner(evaluator: evaluator, settings: short)
        .tune(train: Array(chosen.prefix(batch)), dev: [], template: template, start: prompt)
    }
    let before = MachineRate.sgemm(threads: threads)
    let buffers = Matrix.allocationCount
    let seconds = try elapsed(once)
    let allocated = Matrix.allocationCount - buffers
    let sgemm = max(before, MachineRate.sgemm(threads: threads))
    let shape = loaded.network.configuration
    let operations =
      Double(passes)
      * (self.work == .tune
        ? NecessaryWork.tuning(set.inputs, shape)
        : NecessaryWork.evaluation(set.inputs, shape, candidates: candidates.ids.count))
    let done = Double(passes * chosen.count)
    let weights =
      try FileManager.default.attributesOfItem(
        atPath: folder.appendingPathComponent("model.safetensors").path)[.size] as? Int
    try printJSON(
      Result(
        work: self.work, model: loaded.name, threads: threads, facts: chosen.count,
        tokens: set.inputs.reduce(0) { $0 + $1.elements.count }, batch: batch, seconds: seconds,
        perSecond: done / seconds, kernels: kernelsName, sgemmRate: sgemm / 1e9,
        reachedRate: operations / seconds / 1e9, share: operations / seconds / sgemm,
        buffersPerStep: Double(allocated) / (done / 16), openSeconds: openSeconds,
        prepareSeconds: prepareSeconds, vocabularySeconds: vocabularySeconds,
        peakMemoryBytes: MachineRate.peakMemoryBytes, weightBytes: weights ?? 0))
  }
}

func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
