import ArgumentParser
import Foundation
import LanguageModels
import PromptTransfer
import Tensors

/// A GPU beside this processor, by the same binary: whether the numbers are the same, and how fast they come. `make gpu-check` carries it
/// to a machine that has one.
struct MeasureDevice: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "device")

  @Option(help: "Small checkpoints, a folder each, whose numbers are compared.") var models: String
  @Option(help: "A checkpoint whose speed is measured.") var checkpoint: String?
  @Option(help: "Facts, one JSON object a line.") var facts: String?
  @Option(help: "Candidate answers, one word a line.") var words: String?
  @Option(help: "How many prompts are tuned together.") var relations = 41
  @Option(help: "Facts of each.") var limit = 160
  @Option var device = DeviceChoice.cuda(0)
  @Option var threads = Parallelism.granted.threads
  @Option(name: .shortAndLong, help: "A JSON file of the results.") var output: String?

  struct Result: Codable {
    var device: String
    var checks: [DeviceLadder.Check] = []
    var speeds: [Speed] = []
    var failed: Int { checks.count { !$0.isRight } }

    struct Speed: Codable {
      let work: MeasureModel.Work
      let precision: Precision
      let facts, tokens: Int
      let seconds, tokensPerSecond: Double
      /// 1e12 necessary operations a second.
      let teraflops: Double
    }
  }

  func run() throws {
    var result = Result(device: "")
    let folders = try FileManager.default.contentsOfDirectory(
      at: URL(fileURLWithPath: models), includingPropertiesForKeys: nil
    ).filter { FileManager.default.fileExists(atPath: $0.appendingPathComponent("config.json").path) }
      .sorted { $0.path < $1.path }
    for folder in folders {
      let ladder = try DeviceLadder(folder, device: device)
      result.device = ladder.deviceName
      for check in try ladder.checks() {
        result.checks.append(check)
        if !check.isRight { print("WRONG \(check)") }
      }
    }
    print(
      "\(folders.count) models on \(result.device): \(result.checks.count) comparisons, \(result.failed) wrong"
    )
    if let checkpoint, let facts, let words {
      for precision in [Precision.f32, .bf16] {
        let speeds = try DeviceSpeed(
          checkpoint: checkpoint, facts: facts, words: words,
          Computing(device: device, precision: .init(precision)),
          threads: threads
        ).measure(relations: relations, limit: limit)
        for speed in speeds {
          result.speeds.append(speed)
          let rate = Int(speed.tokensPerSecond)
          print(
            "\(speed.work.rawValue) \(speed.precision.rawValue): \(rate) tokens/s, \(Int(speed.teraflops)) TFLOP/s"
          )
        }
      }
    }
    if let output { try encoded(result).write(to: URL(fileURLWithPath: output)) }
    if result.failed > 0 { throw ExitCode.failure }
  }
}

/// How fast a device tunes many prompts together, and evaluates.
private struct DeviceSpeed {
  private let model: LanguageModel
  private let evaluator: Evaluator
  private let examples: [Example]
  private let template = Template.vectors(5)

  init(checkpoint: String, facts: String, words: String, _ computing: Computing, threads: Int) throws {
    model = try LanguageModel(folder: URL(fileURLWithPath: checkpoint), computing)
    let list = try CandidateVocabulary.readWords(URL(fileURLWithPath: words))
    evaluator = Evaluator(
      model: model, candidates: try CandidateVocabulary(list, tokenizer: model.tokenizer),
      parallelism: Parallelism(threads: threads))
    examples = try evaluator.prepare(
      ExampleSet(URL(fileURLWithPath: facts), split: .train).examples, template: template
    ).examples
  }

  /// Facts are used again where there are fewer than are wanted.
  func measure(relations: Int, limit: Int) throws -> [MeasureDevice.Result.Speed] {
    let prompt = model.space.table.rows(Array(100..<105))
    let shape = model.network.configuration
    let jobs = (0..<relations).map { relation in
      TuningJob(
        name: "facts", train: (0..<limit).map { examples[(relation * limit + $0) % examples.count] }, dev: [],
        template: template, start: prompt)
    }
    var speeds: [MeasureDevice.Result.Speed] = []
    func add(_ work: MeasureModel.Work, _ set: ProbingSet, _ seconds: Double) {
      let tokens = set.inputs.reduce(0) { $0 + $1.elements.count }
      let operations = NecessaryWork.of(work, set.inputs, shape, candidates: evaluator.candidateCount)
      speeds.append(
        MeasureDevice.Result.Speed(
          work: work, precision: model.network.precision, facts: set.inputs.count, tokens: tokens,
          seconds: seconds, tokensPerSecond: Double(tokens) / seconds, teraflops: operations / seconds / 1e12)
      )
    }
    let set = try evaluator.prepare(jobs.flatMap(\.train), template: template)
    var settings = TuningSettings()
    settings.epochs = 3
    let steps = (limit + settings.batchSize - 1) / settings.batchSize
    var times: [Double] = []
    var start = ContinuousClock.now
    _ = try Tuner(evaluator: evaluator, settings: settings).tune(jobs) { progress in
      guard progress.done % (steps * relations) == 0 else { return }
      times.append(start.duration(to: .now) / .seconds(1))
      start = .now
    }
    // The first pass compiles kernels, chooses products and makes buffers.
    add(.tune, set, (times.dropFirst().isEmpty ? times : Array(times.dropFirst())).median)
    var seconds: [Double] = []
    for _ in 0..<4 { seconds.append(try elapsed { _ = try evaluator.predictions(set, prompt: prompt) }) }
    add(.evaluate, set, Array(seconds.dropFirst()).median)
    return speeds
  }
}

extension DeviceChoice: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
