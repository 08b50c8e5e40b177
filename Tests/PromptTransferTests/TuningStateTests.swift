import Foundation
import LanguageModels
import PromptTransfer
import Synchronization
import Tensors
import TestSupport
import Testing

/// A tuning that is stopped goes on to the same bytes.
@Suite struct TuningStateTests {
  /// Asked often: after steps and within scores. It says yes from the given time on.
  private final class Stop: Sendable {
    private let left: Atomic<Int>
    init(after count: Int) { left = Atomic(count) }
    func isDue() -> Bool { left.subtract(1, ordering: .relaxed).newValue < 0 }
  }

  private func settings() -> TuningSettings {
    var settings = TuningSettings()
    (settings.epochs, settings.batchSize, settings.learningRate) = (6, 4, 0.1)
    (settings.weightDecay, settings.seed) = (0.01, 3)
    return settings
  }

  private func tune(_ model: LanguageModel, _ keeper: TuningKeeper?, stopAfter: Int = .max) throws
    -> TuningResult
  {
    let tuner = try Tuner(evaluator: TinyWorld.evaluator(model), settings: settings())
    let facts = (0..<10).map { TinyWorld.facts[$0 % 3] }
    var job = TuningJob(name: "facts", train: facts, dev: TinyWorld.facts, template: .vectors(3))
    job.keeper = keeper
    let stop = Stop(after: stopAfter)
    return try tuner.tune([job], shouldStop: { stop.isDue() })[0]
  }

  @Test func goesOnToTheSameBytesWhereverItWasStopped() throws {
    let (model, folder) = (try TinyWorld().model("model"), try TemporaryFolder())
    let whole = try tune(model, nil)
    let expected = folder.url.appending(path: "expected")
    try whole.prompt.write(to: expected)
    var stops = 0
    for pause in 0..<40 {
      let keeper = TuningKeeper(folder.url.appending(path: "state\(pause)"))
      var result = try tune(model, keeper, stopAfter: pause)
      // Again and again, at another place each time.
      var further = pause
      while result.isInterrupted {
        stops += 1
        further += 3
        result = try tune(
          model, TuningKeeper(folder.url.appending(path: "state\(pause)")), stopAfter: further)
      }
      let file = folder.url.appending(path: "resumed")
      try result.prompt.write(to: file)
      #expect(try Data(contentsOf: file) == Data(contentsOf: expected), "stopped after \(pause)")
      #expect(result.epochs == whole.epochs && result.bestDevAccuracy == whole.bestDevAccuracy)
      #expect(result.exampleCount == whole.exampleCount)
    }
    #expect(stops > 60)
  }

  @Test func aStateOfSomethingElseIsNotTaken() throws {
    let (model, folder) = (try TinyWorld().model("model"), try TemporaryFolder())
    let whole = try tune(model, nil)
    let file = folder.url.appending(path: "state")
    _ = try tune(model, TuningKeeper(file), stopAfter: 5)
    let state = try Data(contentsOf: file)
    let damaged: [Data] = [
      Data(), state.prefix(state.count / 2), Data("{}".utf8),
      Data(String(decoding: state, as: Unicode.ASCII.self).utf8),
    ]
    for bytes in damaged {
      try bytes.write(to: file)
      #expect(try tune(model, TuningKeeper(file)).vectors == whole.vectors)
    }
  }
}
