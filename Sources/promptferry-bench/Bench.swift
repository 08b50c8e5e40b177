import ArgumentParser
import Foundation

/// Measures the project's own speed, and sets it beside PyTorch's where a Python with it is named.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promptferry-bench", abstract: "Measures throughput, memory and start-up.",
    subcommands: [
      MeasureModel.self, MeasureSearch.self, MakeCheckpoint.self, MeasureDevice.self, Compare.self,
    ])
}

/// How many seconds the work takes.
func elapsed(_ work: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock.now
  try work()
  return clock.duration(to: .now) / .seconds(1)
}

func encoded(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  return try encoder.encode(value) + Data("\n".utf8)
}

extension [Double] {
  /// The middle one; of an even number the mean of the two in the middle.
  var median: Double {
    guard !isEmpty else { return .nan }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}
