import Foundation
import PromptTransfer

extension Runner {
  /// How much of an experiment is there, and who works on the rest.
  public struct Status: Sendable, Codable, Equatable {
    public let cellCount, finishedCells, promptCount, finishedPrompts: Int
    /// Cells that nobody works on and that have not failed.
    public let waitingCells: Int
    public let running: [Running]
    public let failed: [Failure]
    /// What is left over the rate of the runs that live; nil where none of them has finished a cell.
    public let secondsLeft: Int?
    public var isFinished: Bool { finishedCells == cellCount }
  }

  /// A prompt or a cell that a run has begun.
  public struct Running: Sendable, Codable, Equatable {
    /// In words.
    public let what: String
    public let host: String
    /// The scheduler's number of the job.
    public let job: String?
    public let process: Int32
    /// Since it was begun.
    public let seconds: Int
    /// Since the run last showed that it lives, by the date of its file.
    public let silentSeconds: Int
    /// Whether the run is gone: another one will take it over.
    public let isLost: Bool
  }

  /// A cell of a model that is not on this machine is as finished as the last run left it.
  public func status() throws -> Status {
    let cells = store.addresses(in: "cells")
    let prompts = store.addresses(in: "prompts")
    let plan = try plan() ?? currentPlan()
    let failures = store.failures().filter { !cells.contains($0.key) && !prompts.contains($0.key) }
    let pulses = livingPulses()
    let running = pulses.flatMap { pulse, silence, isLost in
      pulse.work.filter { work in
        Plan.address(work.address).map { !cells.contains($0) && !prompts.contains($0) } ?? false
      }.map { work in
        Running(
          what: work.what, host: pulse.owner.host, job: pulse.owner.job, process: pulse.owner.process,
          seconds: work.seconds + silence, silentSeconds: silence, isLost: isLost)
      }
    }
    let finished = plan.cells.count(where: cells.contains)
    let held = Set(
      pulses.filter { !$0.isLost }.flatMap(\.pulse.work).compactMap { Plan.address($0.address) })
    let waiting = plan.cells.count { !cells.contains($0) && !held.contains($0) && failures[$0] == nil }
    let rate = pulses.filter { !$0.isLost && $0.pulse.seconds > 0 }
      .reduce(0.0) { $0 + Double($1.pulse.finishedCells) / Double($1.pulse.seconds) }
    return Status(
      cellCount: plan.cells.count, finishedCells: finished, promptCount: plan.prompts.count,
      finishedPrompts: plan.prompts.count(where: prompts.contains), waitingCells: waiting,
      running: running.sorted { ($0.isLost ? 1 : 0, $0.what) < ($1.isLost ? 1 : 0, $1.what) },
      failed: failures.sorted { $0.key < $1.key }.map(\.value),
      secondsLeft: rate > 0 ? Int(Double(plan.cells.count - finished) / rate) : nil)
  }

  /// Worked out anew. What has no address has none of any result's either.
  private func currentPlan() throws -> Plan {
    let planned = try planned()
    let known = planned.cells.contains(nil) ? try store.addresses() : [:]
    let cells = zip(planned.grid.cells, planned.cells).map { cell, address in
      address ?? known[cell.identifier].flatMap { Plan.address($0) } ?? 0
    }
    return Plan(key: "", prompts: planned.prompts.map { $0 ?? 0 }, cells: cells)
  }

  /// Signs of life, how many seconds old they are by their files' dates, and whether their runs are gone.
  private func livingPulses() -> [(pulse: Pulse, silence: Int, isLost: Bool)] {
    let (me, lease) = (Owner.current(), Terms().lease.components.seconds)
    return store.pulses().filter { !$0.value.hasEnded }.sorted { $0.key < $1.key }.map { name, pulse in
      let file = store.file(SharedNames.owners, name)
      let date = try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
      let silence = max(0, Int(-(date ?? .now).timeIntervalSinceNow))
      return (pulse, silence, me.outlives(pulse.owner) || silence > lease)
    }
  }

  /// Forgets failures, so that what failed is run again.
  /// - Returns: how many there were
  public func forgetFailures() -> Int {
    let failures = store.failures()
    for address in failures.keys { store.forgetFailure(Plan.text(address)) }
    return failures.count
  }
}
