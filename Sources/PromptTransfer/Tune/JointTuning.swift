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
    let parallelism = runs.first.map { parallelism.suiting($0.network) } ?? parallelism
    self.parallelism = parallelism
    workers = Workers(parallelism, keepingLayers: true)
  }

  /// Until every run is done, or interrupted.
  mutating func run(
    progress: (TuningProgress) -> Void, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) {
    guard try settle(shouldStop: shouldStop) else { return }
    while true {
      let open = runs.indices.filter { !runs[$0].isDone }
      guard !open.isEmpty else { return }
      let parts = open.map { runs[$0].nextParts() }
      var results = results(parts.flatMap { $0 })[...]
      for (index, own) in zip(open, parts) {
        try runs[index].update(Array(results.prefix(own.count)))
        results = results.dropFirst(own.count)
      }
      guard try settle(shouldStop: shouldStop) else { return }
      progress(TuningProgress(runs))
      let isStopped = shouldStop()
      for index in runs.indices { runs[index].keep(isStopped: isStopped) }
      if isStopped { return }
    }
  }

  /// What is due after a step, of every run. False when stopped meanwhile.
  private mutating func settle(shouldStop: @escaping @Sendable () -> Bool) throws(TransferError) -> Bool {
    var isSettled = true
    for index in runs.indices {
      isSettled = try runs[index].settle(shouldStop: shouldStop) && isSettled
    }
    if !isSettled { for index in runs.indices { runs[index].keep(isStopped: true) } }
    return isSettled
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

  /// Consecutive parts that go through the model together, at most `sequencesPerPart` sequences, or as many as the network wants.
  private static func passes(_ parts: [TuningPart<Objective>]) -> [[TuningPart<Objective>]] {
    var passes: [[TuningPart<Objective>]] = []
    var room = 0
    for part in parts {
      if part.objective.joinsParts, part.examples.count <= room {
        passes[passes.count - 1].append(part)
        room -= part.examples.count
      } else {
        passes.append([part])
        room =
          (part.objective.network.sequencesPerTask ?? TuningSettings.sequencesPerPart) - part.examples.count
      }
    }
    return passes
  }
}
