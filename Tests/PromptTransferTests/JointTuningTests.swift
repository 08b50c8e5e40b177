import LanguageModels
import PromptTransfer
import Synchronization
import Tensors
import TestSupport
import Testing

/// Prompts that are tuned together come out as each does alone, to the last bit.
@Suite struct JointTuningTests {
  private static func facts(_ count: Int, shift: Int) -> [Example] {
    (0..<count).map { TinyWorld.facts[($0 * 2 + shift) % 3] }
  }

  /// Of unequal sizes, so that the shorter ones end while others go on, with a last batch that is not full.
  private func jobs(_ tuner: Tuner) throws -> [TuningJob] {
    [(7, 3), (12, 0), (1, 2)].enumerated().map { index, counts in
      let template = Template.vectors(index + 1)
      var start = tuner.randomStart(vectorCount: index + 1)
      start[0, 0] += Float(index)
      return TuningJob(
        name: "job \(index)", train: Self.facts(counts.0, shift: index),
        dev: Self.facts(counts.1, shift: index), template: template, start: start)
    }
  }

  private func tuner(_ model: LanguageModel, batch: Int, threads: Int) throws -> Tuner {
    var settings = TuningSettings()
    settings.epochs = 4
    settings.batchSize = batch
    settings.learningRate = 0.1
    return try Tuner(evaluator: TinyWorld.evaluator(model, threads: threads), settings: settings)
  }

  @Test(arguments: [1, 3, 20], [1, 3])
  func togetherIsAsAlone(batch: Int, threads: Int) throws {
    let model = try TinyWorld().model("model")
    let tuner = try tuner(model, batch: batch, threads: threads)
    let jobs = try jobs(tuner)
    let together = try tuner.tune(jobs)
    #expect(together.count == jobs.count)
    for (job, result) in zip(jobs, together) {
      let alone = try tuner.tune([job])[0]
      #expect(result.vectors == alone.vectors, "\(job.name)")
      #expect(result.epochs == alone.epochs && result.bestDevAccuracy == alone.bestDevAccuracy)
      #expect(result.exampleCount == 4 * job.train.count && !result.isInterrupted)
    }
    guard case .vectors(let start) = jobs[0].start else { return #expect(Bool(false), "no vectors") }
    #expect(together[0].vectors != start)
  }

  @Test func theOneThatCannotBeTunedIsNamed() throws {
    let tuner = try tuner(TinyWorld().model("model"), batch: 2, threads: 1)
    var jobs = try jobs(tuner)
    jobs[1] = TuningJob(
      name: "broken", train: [Example(relation: "r", subject: "paris", object: "two words")], dev: [],
      template: jobs[1].template, start: jobs[1].start)
    let error = #expect(throws: TransferError.self) { try tuner.tune(jobs) }
    #expect(error?.description.hasPrefix("broken") == true)
  }

  /// Of those that end before, nothing is lost.
  @Test func interruptionLeavesFinishedOnesWhole() throws {
    let tuner = try tuner(TinyWorld().model("model"), batch: 3, threads: 1)
    let jobs = try jobs(tuner)
    let rounds = Counter()
    let results = try tuner.tune(jobs, progress: { _ in rounds.add() }, shouldStop: { rounds.value >= 6 })
    #expect(results.map(\.isInterrupted) == [true, true, false])
    #expect(results[2].epochs.count == 4)
  }

  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.add(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
  }
}
