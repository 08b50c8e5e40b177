import Foundation
import PromptTransfer

/// That a prompt or a cell could not be made, and why. Runs that share the work leave it alone until it is asked for again.
public struct Failure: Sendable, Codable, Equatable {
  /// The prompt or the cell in words.
  public let what: String
  public let problem: String
  public let host: String
  /// The scheduler's number of the job.
  public let job: String?

  init(what: String, problem: String, owner: Owner) {
    (self.what, self.problem, host, job) = (what, problem, owner.host, owner.job)
  }
}

extension Store {
  private func failure(_ address: String) -> URL {
    folder.appendingPathComponent(SharedNames.failure(address))
  }

  /// Where it cannot be written, the unit is tried again.
  func write(_ failure: Failure, of unit: WorkUnit) { try? write(failure, to: self.failure(unit.address)) }

  /// By address.
  func failures() -> [UInt64: Failure] {
    var failures: [UInt64: Failure] = [:]
    for address in addresses(in: SharedNames.failures) {
      failures[address] = try? read(Failure.self, failure(Plan.text(address)))
    }
    return failures
  }

  func forgetFailures(of units: [WorkUnit]) {
    let known = addresses(in: SharedNames.failures)
    guard !known.isEmpty else { return }
    for unit in units where Plan.address(unit.address).map(known.contains) ?? false {
      forgetFailure(unit.address)
    }
  }

  func forgetFailure(_ address: String) { try? FileManager.default.removeItem(at: failure(address)) }

  func removeState(_ unit: WorkUnit) {
    // Most units have none.
    if FileManager.default.fileExists(atPath: state(unit.address).path) {
      try? FileManager.default.removeItem(at: state(unit.address))
    }
  }

  /// Removes what runs that are over have left: claims of finished units, and signs of life.
  func clearClaims() {
    let me = Owner.current()
    func remove(_ part: String, _ name: String) { try? FileManager.default.removeItem(at: file(part, name)) }
    let gone = pulses().filter { $0.value.hasEnded || me.outlives($0.value.owner) }
    let owners = Set(gone.map(\.value.owner))
    let finished = addresses(in: "cells").union(addresses(in: "prompts"))
    for name in names(in: SharedNames.claims) {
      if let address = Plan.address(name.prefix { $0 != "." }) {
        if finished.contains(address) { remove(SharedNames.claims, name) }
      } else if let content = try? Data(contentsOf: file(SharedNames.claims, name)),
        Owner(content).map(owners.contains) ?? false
      {
        remove(SharedNames.claims, name)
      }
    }
    for name in gone.keys { remove(SharedNames.owners, name) }
  }

  func file(_ part: String, _ name: String) -> URL { folder.appendingPathComponent("\(part)/\(name)") }

  /// The signs of life of all runs, by the names of their files.
  func pulses() -> [String: Pulse] {
    Dictionary(
      names(in: SharedNames.owners).filter { $0.hasSuffix(".json") }.compactMap { name in
        (try? Data(contentsOf: file(SharedNames.owners, name))).flatMap { Pulse($0) }.map { (name, $0) }
      }
    ) { $1 }
  }
}
