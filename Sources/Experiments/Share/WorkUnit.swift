/// A piece of work that one run does: a prompt to tune, or a cell to run.
package struct WorkUnit: Sendable, Hashable {
  package enum Stage: Sendable, Hashable { case tuning, cells }

  package let stage: Stage
  /// The address of what it rests on.
  package let address: String
  /// The addresses of the prompts that must be there first.
  package let needs: [String]
  /// Its place in the plan.
  package let index: Int

  package init(stage: Stage = .cells, address: String, needs: [String] = [], index: Int = 0) {
    (self.stage, self.address, self.needs, self.index) = (stage, address, needs, index)
  }

  /// The file of its result: it is finished when that is there.
  package var result: String { stage == .tuning ? SharedNames.prompt(address) : SharedNames.cell(address) }
}

/// Names in the folder of an experiment that several runs share.
package enum SharedNames {
  package static let claims = "claims"
  package static let owners = "owners"
  package static let failures = "failures"
  package static let states = "states"

  static func cell(_ address: String) -> String { "cells/\(address).json" }
  static func prompt(_ address: String) -> String { "prompts/\(address).safetensors" }
  /// Claims are numbered: who takes over from a lost owner makes the next one.
  static func claim(_ address: String, _ number: Int) -> String { "\(claims)/\(address).\(number)" }
  static func failure(_ address: String) -> String { "\(failures)/\(address).json" }
  static func pulse(_ owner: String) -> String { "\(owners)/\(owner).json" }
  /// Where a tuning stands that was stopped.
  static func state(_ address: String) -> String { "\(states)/\(address).safetensors" }
}
