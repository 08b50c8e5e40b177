import Experiments
import Foundation
import Tensors

/// Several runs of one experiment on machines that see the folder late, with clocks that are hours apart and go at different rates;
/// runs are killed, and frozen for longer than a lease. Everything follows from the seed.
struct Schedule {
  static let lease = 100.0

  /// What may happen.
  enum Faults: CaseIterable {
    /// Nothing, but that files are seen late.
    case none
    /// Runs are killed, frozen, the disk is full, answers are lost.
    case many
    /// The same, and files are seen later than a lease lasts.
    case beyondTheLease
  }

  struct Outcome {
    /// What is wrong; nil where all is well.
    var problem: String?
    /// How often units were run beyond once.
    var doubled = 0
    /// When the last run ended.
    var end = 0.0
  }

  private final class Run {
    let machine: Int
    let sharing: Sharing
    var queue: WorkQueue
    var working: Sharing.Claim?
    var nextStep: Double
    var nextBeat: Double
    var pause = 1.0
    var killedAt = Double.infinity
    var frozen = 0.0..<0.0
    var isOver = false

    init(machine: Int, sharing: Sharing, queue: WorkQueue, at time: Double) {
      (self.machine, self.sharing, self.queue) = (machine, sharing, queue)
      (nextStep, nextBeat) = (time, time)
    }

    /// What comes first, put off while it is frozen.
    var next: Double {
      let time = min(nextStep, nextBeat)
      return frozen.contains(time) ? frozen.upperBound : time
    }
  }

  private var stream: RandomStream
  private let folder: SimulatedFolder
  private let faults: Faults
  private let units: [WorkUnit]
  private let patience: WorkQueue.Patience
  private var runs: [Run] = []
  private var begun: [String: Int] = [:]

  init(seed: UInt64, _ faults: Faults) {
    var stream = RandomStream(seed: seed, name: "schedule")
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &stream) }
    self.faults = faults
    let isFull = faults != .none && draw(0...3) == 0
    let full = Double(draw(0...300))
    folder = SimulatedFolder(
      seed: seed, delay: Double(draw(0...(faults == .beyondTheLease ? 250 : 40))),
      lostAnswers: faults == .none ? 0 : 0.05, fullDisk: isFull ? full..<full + Double(draw(1...150)) : 0..<0)
    let prompts = (0..<draw(0...2)).map { WorkUnit(stage: .tuning, address: "p\($0)", index: $0) }
    units =
      prompts
      + (0..<draw(1...4)).map { index in
        WorkUnit(address: "c\(index)", needs: prompts.isEmpty ? [] : [prompts[index % prompts.count].address])
      }
    patience = draw(0...1) == 0 ? .all : .unlessKept
    self.stream = stream
  }

  mutating func play() throws -> Outcome {
    for _ in 0..<Int.random(in: 2...4, using: &stream) { try start() }
    var outcome = Outcome()
    while let run = next() {
      if folder.time > 20_000 { return Outcome(problem: "does not end") }
      try turn(run)
      if run.isOver, patience == .all, run.killedAt > folder.time, let lost = missing.first {
        return Outcome(problem: "a run ended before \(lost) was finished")
      }
    }
    if let lost = missing.first, patience == .all || faults == .none {
      return Outcome(problem: "\(lost) is lost")
    }
    // One more run, which nothing happens to, always finds an end.
    try start(isSafe: true)
    while let run = next() {
      if folder.time > 40_000 { return Outcome(problem: "the last run does not end") }
      try turn(run)
    }
    if let lost = missing.first { outcome.problem = "\(lost) is lost after the last run" }
    outcome.doubled = begun.values.reduce(0) { $0 + $1 - 1 }
    outcome.end = folder.time
    return outcome
  }

  private var missing: [String] { units.map(\.result).filter { !folder.holds($0) } }

  private func next() -> Run? {
    runs.filter { !$0.isOver }.min { ($0.next, $0.machine) < ($1.next, $1.machine) }
  }

  private mutating func start(isSafe: Bool = false) throws {
    let machine = runs.count
    let (offset, rate) = (stream.uniform() * 7200, 0.99 + 0.02 * stream.uniform())
    let folder = folder
    let start = folder.time + (isSafe ? 0 : stream.uniform() * 50)
    let owner = Owner(id: "run\(machine)", host: "node\(machine)")
    let view = folder.seen(by: machine)
    var sharing: Sharing?
    while sharing == nil {
      sharing = try? Sharing(
        owner, view, lease: .seconds(Self.lease), now: { .seconds(offset + rate * folder.time) })
      if sharing == nil { folder.time += 10 }
    }
    guard let sharing else { return }
    let shift = machine % units.count
    let run = Run(
      machine: machine, sharing: sharing,
      queue: WorkQueue(
        Array(units[shift...] + units[..<shift]), sharing, patience: isSafe ? .all : patience), at: start)
    if faults != .none, !isSafe, machine < 12 {
      if stream.uniform() < 0.3 { run.killedAt = start + stream.uniform() * 400 }
      if stream.uniform() < 0.3 {
        let from = start + stream.uniform() * 300
        run.frozen = from..<from + stream.uniform() * 500
      }
    }
    runs.append(run)
  }

  /// The next thing that a run does.
  private mutating func turn(_ run: Run) throws {
    folder.time = max(folder.time, run.next)
    if folder.time >= run.killedAt {
      run.isOver = true
      // Who comes instead. Without that, nobody may be there to find out.
      if missing.isEmpty == false { try start() }
      return
    }
    if run.nextBeat <= run.nextStep {
      run.sharing.beat()
      run.nextBeat = folder.time + Self.lease / 5
      return
    }
    if let claim = run.working {
      do {
        try folder.seen(by: run.machine).overwrite(claim.unit.result, Data("result".utf8))
        run.sharing.finish(claim)
        run.working = nil
      } catch {
        run.nextStep = folder.time + 20
        return
      }
    }
    switch try? run.queue.next() {
    case .run(let claim):
      run.sharing.begin(claim, claim.unit.address)
      run.working = claim
      begun[claim.unit.address, default: 0] += 1
      run.nextStep = folder.time + 1 + 150 * stream.uniform()
      run.pause = 1
    case .wait, nil:
      run.pause = min(run.pause * 2, 10)
      run.nextStep = folder.time + run.pause
    case .end:
      run.sharing.end()
      run.isOver = true
    }
  }
}
