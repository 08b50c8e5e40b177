import ArgumentParser

/// Measures the project's own speed, without Python; `scripts/bench/compare.py` sets it beside PyTorch.
@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promptferry-bench", abstract: "Measures throughput, memory and start-up.",
    subcommands: [MakeCheckpoint.self, MeasureModel.self, MeasureSearch.self])
}
