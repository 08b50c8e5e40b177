import ArgumentParser
import CBLAS
import Formats
import Foundation
import LanguageModels
import PromptTransfer
import Tensors

/// Tuning or evaluating with one model: its rate, the share of the machine's, allocations, memory, start-up.
struct MeasureModel: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "model")

  enum Work: String, ExpressibleByArgument, Codable, CaseIterable { case tune, evaluate }

  @Argument(help: "The model's folder, or its GGUF.") var model: String
  @Argument(help: "Facts, one JSON object a line.") var facts: String
  @Argument(help: "Candidate answers, one word a line.") var words: String
  @Option var work: Work
  @Option var threads = 2
  @Option(help: "f32, bf16 or auto.") var precision = PrecisionChoice.f32
  @Option(help: "Use so many facts.") var limit = 96
  @Option(help: "Facts a step of tuning.") var batch = 16
  @Option(help: "How often all facts are gone through, after once to warm up.") var passes = 3

  struct Result: Codable {
    let work: Work
    let threads, facts, tokens: Int
    /// Facts a second; the middle one of the passes, as all that follows.
    let perSecond: Double
    let kernels, blas: String
    let precision: Precision
    /// 1e9 floating-point operations a second: the machine's best product, and the necessary operations done, and one over the other.
    let machineRate, reachedRate, share: Double
    /// Matrices allocated for each 16 facts, in the last pass.
    let buffersPerStep: Double
    let openSeconds, prepareSeconds, vocabularySeconds: Double
    /// After the first pass.
    let peakMemoryBytes: Int
    let weightBytes: Int
  }

  func run() throws {
    print(String(decoding: try encoded(measure()), as: UTF8.self), terminator: "")
  }

  private func measure() throws -> Result {
    let folder = URL(fileURLWithPath: model)
    let parallelism = Parallelism(threads: threads)
    var loaded: LanguageModel?
    let openSeconds = try elapsed {
      loaded = try LanguageModel(folder: folder, Computing(precision: precision))
    }
    guard let loaded else { throw ExitCode.failure }
    var candidates: CandidateVocabulary?
    let list = try CandidateVocabulary.readWords(URL(fileURLWithPath: words))
    let vocabularySeconds = try elapsed {
      candidates = try CandidateVocabulary(list, tokenizer: loaded.tokenizer)
    }
    guard let candidates else { throw ExitCode.failure }
    var made: Evaluator?
    let prepareSeconds = elapsed {
      made = Evaluator(model: loaded, candidates: candidates, parallelism: parallelism)
      made?.layOut()
      if work == .tune {
        loaded.network.prepare(gradientsOf: loaded.network.allWords, parallelism: parallelism)
      }
    }
    guard let evaluator = made else { throw ExitCode.failure }
    let template = Template.vectors(5)
    let usable = try evaluator.prepare(
      ExampleSet(URL(fileURLWithPath: facts), split: .train).examples, template: template)
    let chosen = Array(usable.examples.prefix(limit))
    let set = try evaluator.prepare(chosen, template: template)
    let prompt = loaded.space.table.rows(Array(100..<105))
    let shape = loaded.network.configuration

    var meter: PassMeter?
    var peakMemory = 0
    /// Between two passes.
    func boundary() {
      if meter == nil {
        peakMemory = peakMemoryBytes()
        meter = PassMeter(
          operations: NecessaryWork.of(work, set.inputs, shape, candidates: candidates.ids.count),
          threads: threads, precision: loaded.network.precision)
      } else {
        meter?.end()
      }
      meter?.begin()
    }
    switch work {
    case .evaluate:
      for _ in 0...passes {
        _ = try evaluator.predictions(set, prompt: prompt)
        boundary()
      }
    case .tune:
      var settings = TuningSettings()
      settings.batchSize = batch
      settings.epochs = passes + 1
      let stepsPerPass = (chosen.count + batch - 1) / batch
      _ = try Tuner(evaluator: evaluator, settings: settings).tune(
        train: chosen, dev: [], template: template, start: prompt,
        progress: { if $0.done % stepsPerPass == 0 { boundary() } })
    }
    guard let meter else { throw ExitCode.failure }
    let seconds = meter.seconds.median
    return Result(
      work: work, threads: threads, facts: chosen.count,
      tokens: set.inputs.reduce(0) { $0 + $1.elements.count }, perSecond: Double(chosen.count) / seconds,
      kernels: kernelsName, blas: BLAS.description, precision: loaded.network.precision,
      machineRate: meter.machineRates.median / 1e9,
      reachedRate: meter.operations / seconds / 1e9, share: meter.shares.median,
      buffersPerStep: Double(meter.buffers) / (Double(chosen.count) / 16), openSeconds: openSeconds,
      prepareSeconds: prepareSeconds, vocabularySeconds: vocabularySeconds, peakMemoryBytes: peakMemory,
      weightBytes: try weightBytes(folder))
  }

  private func weightBytes(_ folder: URL) throws -> Int {
    let file = (model.hasSuffix(".gguf") ? folder : folder.appendingPathComponent("model.safetensors"))
      .resolvingSymlinksInPath()
    return try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
  }
}

extension PrecisionChoice: ExpressibleByArgument {}
