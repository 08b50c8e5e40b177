import Foundation
import Synchronization

/// One run's part in work that several share: it claims units, shows that it lives, and takes over what lost runs have left.
///
/// - A unit is claimed by making the file `claims/ADDRESS.0`, which one of all runs can.
/// - Every run counts in `owners/ID.json`. A run whose count has not changed while another one's own clock went on by the lease is
///   lost: clocks of two machines are never compared. Where the process is known to be gone nobody waits.
/// - Who finds `ADDRESS.0` with a lost owner makes `ADDRESS.1`, and so on: one of all can, again.
/// - A unit is finished when its result is there, and nothing else says so. Two runs may work on one unit where the first was thought
///   lost, or where a result is seen late: they write the same bytes.
///
/// Claims of finished units stay for a lease, so that who sees their results late does not begin again.
package final class Sharing: Sendable {
  package let owner: Owner
  package let lease: Duration
  private let files: any SharedFiles
  /// A clock of this process that never goes back.
  private let now: @Sendable () -> Duration
  private let start: Duration
  private let content: Data
  private let state = Mutex(State())

  private struct State {
    var count = 0
    var lastBeat: Duration?
    var hasEnded = false
    var working: [String: Working] = [:]
    /// How many units this run has finished.
    var finishedCount: [WorkUnit.Stage: Int] = [:]
    /// Claims of finished units, the oldest first.
    var finished: [(name: String, at: Duration)] = []
    /// By what their claims hold.
    var owners: [Data: Owner] = [:]
    /// What was last seen of others, since when, and whether it was another before.
    var seen: [String: (pulse: Data?, since: Duration, hasChanged: Bool)] = [:]
  }

  private struct Working {
    let claim: Claim
    let what: String
    let since: Duration
    var isTaken = false
  }

  /// Throws where the folder cannot be written.
  package init(
    _ owner: Owner, _ files: any SharedFiles, lease: Duration, now: @escaping @Sendable () -> Duration
  ) throws {
    (self.owner, self.files, self.lease, self.now) = (owner, files, lease, now)
    (content, start) = (owner.content, now())
    try files.overwrite(SharedNames.pulse(owner.id), pulse())
  }

  // MARK: Claims

  package struct Claim: Sendable, Equatable {
    package let unit: WorkUnit
    let number: Int
    var name: String { SharedNames.claim(unit.address, number) }
  }

  package enum Attempt: Sendable, Equatable {
    case won(Claim)
    case finished
    /// It failed, in this run or another.
    case failed
    /// Someone has it; whether that one was seen to live, or is only not known to be lost.
    case held(isAlive: Bool)
  }

  /// Claims a unit, unless it is finished or someone who may live has it.
  package func attempt(_ unit: WorkUnit) throws -> Attempt {
    if files.exists(unit.result) { return .finished }
    var number = 0
    while true {
      let claim = Claim(unit: unit, number: number)
      if let holder = files.read(claim.name) {
        switch standing(holder, claim) {
        case .own: return won(claim)
        case .holds(let isAlive): return .held(isAlive: isAlive)
        case .isLost:
          number += 1
          continue
        }
      }
      // False: someone was faster, or the claim is there and not seen yet. Later it will be.
      guard try files.create(claim.name, content) || files.read(claim.name) == content else {
        return .held(isAlive: false)
      }
      return won(claim)
    }
  }

  private enum Standing {
    case own, isLost
    case holds(isAlive: Bool)
  }

  private func standing(_ holder: Data, _ claim: Claim) -> Standing {
    guard holder != content else { return .own }
    let other: Owner? = state.withLock { state in
      if let known = state.owners[holder] { return known }
      let owner = Owner(holder)
      state.owners[holder] = owner
      return owner
    }
    if let other, owner.outlives(other) { return .isLost }
    // A claim that cannot be read is as good as its own sign of life.
    return watch(other.map { SharedNames.pulse($0.id) } ?? claim.name)
  }

  /// Lost is whose file has not changed for the time of the lease, on the clock of this run.
  private func watch(_ name: String) -> Standing {
    let (pulse, now) = (files.read(name), now())
    return state.withLock { state in
      guard let seen = state.seen[name], seen.pulse == pulse else {
        let isAlive = state.seen[name] != nil
        state.seen[name] = (pulse, now, isAlive)
        return .holds(isAlive: isAlive)
      }
      return now - seen.since >= lease ? .isLost : .holds(isAlive: seen.hasChanged)
    }
  }

  /// What is seen after a claim was won may be newer than what was seen before.
  private func won(_ claim: Claim) -> Attempt {
    let isFinished = files.exists(claim.unit.result)
    guard isFinished || files.exists(SharedNames.failure(claim.unit.address)) else { return .won(claim) }
    files.remove(claim.name)
    return isFinished ? .finished : .failed
  }

  /// Whether all that a unit needs is there.
  func readiness(_ address: String) -> Readiness {
    if files.exists(SharedNames.prompt(address)) { return .there }
    return files.exists(SharedNames.failure(address)) ? .failed : .missing
  }

  enum Readiness { case there, failed, missing }

  /// Whether a unit, or what it needs, has failed and nobody has asked for it again.
  func isFailed(_ unit: WorkUnit) -> Bool {
    ([unit.address] + unit.needs).contains { files.exists(SharedNames.failure($0)) }
  }

  // MARK: Work

  /// Says what is being done, in words.
  package func begin(_ claim: Claim, _ what: String) {
    let now = now()
    state.withLock { $0.working[claim.unit.address] = Working(claim: claim, what: what, since: now) }
  }

  /// The result is written.
  package func finish(_ claim: Claim) {
    let now = now()
    state.withLock { state in
      state.working[claim.unit.address] = nil
      state.finishedCount[claim.unit.stage, default: 0] += 1
      state.finished += (0...claim.number).map { (SharedNames.claim(claim.unit.address, $0), now) }
    }
  }

  /// The unit is given back, unfinished. A claim that was taken over stays: the one after it counts.
  package func giveBack(_ claim: Claim) {
    state.withLock { $0.working[claim.unit.address] = nil }
    if !isTaken(claim) { files.remove(claim.name) }
  }

  /// Whether someone has taken the unit over, as this run was thought lost.
  private func isTaken(_ claim: Claim) -> Bool {
    files.exists(SharedNames.claim(claim.unit.address, claim.number + 1))
  }

  /// Whether the work on a unit is to be left to another run, which has taken it over while this one was frozen.
  package func isAbandoned(_ claim: Claim) -> Bool {
    state.withLock { $0.working[claim.unit.address]?.isTaken ?? false }
  }

  // MARK: Signs of life

  /// How often ``beat()`` is to be called: a few times in the time of a lease.
  package var interval: Duration { lease / 8 }

  /// Shows that this run lives. Where that cannot be written others may take over its units, which does no harm. After a long silence,
  /// as when the process was frozen, it looks which of its units others have taken over.
  package func beat() {
    leaveWhatWasTaken()
    try? files.overwrite(SharedNames.pulse(owner.id), pulse())
    let now = now()
    let old = state.withLock { state in
      let count = state.finished.prefix { now - $0.at >= lease }.count
      defer { state.finished.removeFirst(count) }
      return state.finished.prefix(count)
    }
    for claim in old { files.remove(claim.name) }
  }

  private func leaveWhatWasTaken() {
    let now = now()
    let doubtful = state.withLock { state in
      defer { state.lastBeat = now }
      return state.lastBeat.map { now - $0 >= lease } ?? false ? state.working.values.map(\.claim) : []
    }
    for claim in doubtful where isTaken(claim) {
      state.withLock { $0.working[claim.unit.address]?.isTaken = true }
    }
  }

  private func pulse() -> Data {
    let now = now()
    let pulse = state.withLock { state in
      state.count += 1
      return Pulse(
        owner: owner, count: state.count, seconds: Int((now - start).components.seconds),
        finishedCells: state.finishedCount[.cells] ?? 0, hasEnded: state.hasEnded,
        work: state.working.map { address, work in
          Pulse.Work(
            address: address, what: work.what, seconds: Int((now - work.since).components.seconds))
        }.sorted { $0.address < $1.address })
    }
    return pulse.content
  }

  /// The end of this run. Its file stays and says so: who has not seen it yet would take it for the same as one that is gone. So do claims
  /// of units that others may not see finished yet.
  package func end() {
    state.withLock { $0.hasEnded = true }
    try? files.overwrite(SharedNames.pulse(owner.id), pulse())
  }
}

/// The sign of life of a run.
package struct Pulse: Sendable, Codable, Equatable {
  package let owner: Owner
  /// Of the signs that it gave.
  package let count: Int
  /// Since it began.
  package let seconds: Int
  /// In this time.
  package let finishedCells: Int
  package let hasEnded: Bool
  package let work: [Work]

  package struct Work: Sendable, Codable, Equatable {
    package let address: String
    /// In words.
    package let what: String
    /// Since it was begun.
    package let seconds: Int
  }

  /// Of one size unless much is done at once, so that writing over it in place leaves no half of the one before.
  var content: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = (try? encoder.encode(self)) ?? Data()  // plain values: always encodable
    return data + Data(repeating: UInt8(ascii: " "), count: max(0, 2047 - data.count)) + Data("\n".utf8)
  }

  package init?(_ content: Data) {
    guard let pulse = try? JSONDecoder().decode(Pulse.self, from: content) else { return nil }
    self = pulse
  }

  init(owner: Owner, count: Int, seconds: Int, finishedCells: Int, hasEnded: Bool, work: [Work]) {
    (self.owner, self.count, self.seconds) = (owner, count, seconds)
    (self.finishedCells, self.hasEnded, self.work) = (finishedCells, hasEnded, work)
  }
}
