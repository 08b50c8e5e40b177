import LanguageModels
import Tensors

/// Several tunings on one frozen model, step by step together: parts that are too small to fill a pass through the model share
/// one. Each comes out as it would alone.
struct JointTuning<Objective: TuningObjective> {
  private(set) var runs: [TuningRun<Objective>]
  private let parallelism: Parallelism
  private let workers: Workers

  init(_ runs: [TuningRun<Objective>], _ parallelism: Parallelism) {
    self.runs = runs
    self.parallelism = parallelism
    workers = Workers(parallelism, keepingLayers: true)
  }

  /// Until every run is done, or interrupted.
  mutating func run(
    progress: (_ done: Int, _ total: Int) -> Void, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) {
    for index in runs.indices { try runs[index].score(shouldStop: shouldStop) }
    let total = runs.reduce(0) { $0 + $1.stepCount }
    while true {
      let open = runs.indices.filter { !runs[$0].isDone }
      guard !open.isEmpty else { return }
      let parts = open.map { runs[$0].nextParts() }
      var results = results(parts.flatMap { $0 })[...]
      for (index, own) in zip(open, parts) {
        try runs[index].update(Array(results.prefix(own.count)), shouldStop: shouldStop)
        results = results.dropFirst(own.count)
      }
      progress(runs.reduce(0) { $0 + $1.stepsDone }, total)
      if shouldStop() { return }
    }
  }

  /// What each part gives, in order.
  private func results(_ parts: [TuningPart<Objective>]) -> [PartResult] {
    let passes = Self.passes(parts)
    let collected = Collected<[PartResult]>(count: passes.count)
    let workers = workers
    parallelism.forEach(passes.count) { worker, pass in
      collected.set(Objective.lossesAndGradients(passes[pass], workers[worker]), at: pass)
    }
    return collected.all()?.flatMap { $0 } ?? []
  }

  /// Consecutive parts that go through the model together, at most `sequencesPerPart` sequences.
  private static func passes(_ parts: [TuningPart<Objective>]) -> [[TuningPart<Objective>]] {
    var passes: [[TuningPart<Objective>]] = []
    var room = 0
    for part in parts {
      if part.objective.joinsParts, part.examples.count <= room {
        passes[passes.count - 1].append(part)
        room -= part.examples.count
      } else {
        passes.append([part])
        room = TuningSettings.sequencesPerPart - part.examples.count
      }
    }
    return passes
  }
}
