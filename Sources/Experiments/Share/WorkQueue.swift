/// What one run does next, and when it may end.
///
/// It goes round and round through the units that are not known to be finished. A run ends when all are. A shard, one of many on
/// machines that others wait for, ends as soon as living runs hold all that is left, but for one of them, the keeper, which stays to
/// take over from those that are lost.
package struct WorkQueue: Sendable {
  package enum Step: Sendable, Equatable {
    case run(Sharing.Claim)
    /// Nothing can be done now.
    case wait
    case end
  }

  /// What makes a run stop looking.
  package enum Patience: Sendable {
    /// It stays until everything is finished.
    case all
    /// It ends when others hold what is left and one of them stays.
    case unlessKept
    /// It ends when nothing is left to take.
    case none
  }

  private let sharing: Sharing
  private let patience: Patience
  private var open: [WorkUnit]
  private var position = 0
  private var kept: [WorkUnit] = []
  /// Of the current round.
  private var (won, blocked) = (0, 0)
  private var readiness: [String: Sharing.Readiness] = [:]
  private var keeper: Sharing.Claim?
  /// Units that failed, or need one that did. They come back when their failures are forgotten.
  package private(set) var failed: [WorkUnit] = []
  /// How many units are known to be finished, here or by others.
  package private(set) var finished: [WorkUnit.Stage: Int] = [:]

  /// The unit that the keeper holds. Nothing ever finishes it.
  static let keeping = WorkUnit(address: "keeper")

  package init(_ units: [WorkUnit], _ sharing: Sharing, patience: Patience) {
    (open, self.sharing, self.patience) = (units, sharing, patience)
  }

  /// Units that are not known to be finished, nor being worked on here.
  package var left: [WorkUnit] { kept + open[position...] }

  package mutating func next() throws -> Step {
    while true {
      while position < open.count {
        let unit = open[position]
        guard let isReady = isReady(unit) else {
          failed.append(unit)
          position += 1
          continue
        }
        let attempt = isReady ? try sharing.attempt(unit) : nil
        position += 1
        switch attempt {
        case .won(let claim):
          won += 1
          return .run(claim)
        case .finished: countFinished(unit)
        case .failed: failed.append(unit)
        case .held: kept.append(unit)
        case nil:
          kept.append(unit)
          blocked += 1
        }
      }
      let (hasWon, isBlocked) = (won > 0, blocked > 0)
      let known = failed
      failed = known.filter(sharing.isFailed)
      (open, kept, position, won, blocked) = (kept, [], 0, 0, 0)
      if failed.count < known.count {
        let stillFailed = Set(failed)
        open += known.filter { !stillFailed.contains($0) }
        readiness = [:]
        continue
      }
      readiness = readiness.filter { $0.value == .there }
      if open.isEmpty { return end() }
      if hasWon { continue }
      switch patience {
      case .all: return .wait
      case .none: return end()
      case .unlessKept: return try isBlocked || !isKept() ? .wait : end()
      }
    }
  }

  /// The unit is not finished after all.
  package mutating func putBack(_ unit: WorkUnit) { open.append(unit) }

  package mutating func countFinished(_ unit: WorkUnit) { finished[unit.stage, default: 0] += 1 }

  /// It failed here.
  package mutating func fail(_ unit: WorkUnit) { failed.append(unit) }

  /// Nil where it will never be.
  private mutating func isReady(_ unit: WorkUnit) -> Bool? {
    var isReady = true
    for need in unit.needs {
      let known = readiness[need] ?? sharing.readiness(need)
      readiness[need] = known
      if known == .failed { return nil }
      isReady = isReady && known == .there
    }
    return isReady
  }

  /// Whether another run stays, and was seen to live. Where there is none, it is this one.
  private mutating func isKept() throws -> Bool {
    if keeper != nil { return false }
    switch try sharing.attempt(Self.keeping) {
    case .won(let claim):
      keeper = claim
      return false
    case .held(let isAlive): return isAlive
    case .finished, .failed: return false
    }
  }

  private mutating func end() -> Step {
    if let keeper { sharing.giveBack(keeper) }
    keeper = nil
    return .end
  }
}
