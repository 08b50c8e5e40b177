import Experiments
import Foundation
import Synchronization
import Tensors
import Testing

/// Whatever happens to the runs that share an experiment: no unit is lost, and every run comes to an end.
@Suite struct SharingSimulationTests {
  /// A schedule that fails is played again by its number: `Schedule(seed: 17, .many)`.
  private func play(_ faults: Schedule.Faults, _ seeds: Range<Int>) -> (problems: [String], doubled: Int) {
    let found = Mutex<(problems: [String], doubled: Int)>(([], 0))
    Parallelism.granted.forEach(seeds.count) { _, index in
      let seed = seeds.lowerBound + index
      var schedule = Schedule(seed: UInt64(seed), faults)
      let outcome = Result { try schedule.play() }
      found.withLock { found in
        switch outcome {
        case .success(let outcome):
          found.doubled += outcome.doubled
          if let problem = outcome.problem { found.problems.append("\(seed): \(problem)") }
        case .failure(let error): found.problems.append("\(seed): \(error)")
        }
      }
    }
    return found.withLock { $0 }
  }

  /// Where nothing happens and files are seen late by less than half a lease, nothing is done twice either.
  @Test func whatIsSeenLateIsNotDoneTwice() {
    let (problems, doubled) = play(.none, 0..<30_000)
    #expect(problems.isEmpty, "\(problems.prefix(5))")
    #expect(doubled == 0)
  }

  @Test func nothingIsLostWhateverHappens() {
    let (problems, doubled) = play(.many, 0..<40_000)
    #expect(problems.isEmpty, "\(problems.prefix(5))")
    // Frozen runs wake up and go on with what was taken from them.
    #expect(doubled > 0)
  }

  @Test func nothingIsLostWhereFilesAreSeenLaterThanALeaseLasts() {
    let (problems, _) = play(.beyondTheLease, 0..<30_000)
    #expect(problems.isEmpty, "\(problems.prefix(5))")
  }
}
