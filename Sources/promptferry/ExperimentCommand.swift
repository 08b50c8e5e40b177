import ArgumentParser
import Experiments
import Formats
import Foundation
import PromptTransfer
import Tensors

struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Runs a grid of transfers that a file describes, and makes a report of it.",
    discussion: """
      Example:
        promptferry experiment run zoo/quick
        promptferry experiment status zoo/quick
        promptferry experiment why zoo/quick
        promptferry experiment report zoo/quick

      CONFIG is a JSON file, or the name of one in share/promptferry/experiments.
      """,
    subcommands: [Run.self, Status.self, Why.self, ReportCommand.self])

  /// - Parameters:
  ///   - output: the folder of results, runs/NAME when nil
  ///   - models: the folders of models by name; of those that are not there only what is on this machine is found
  static func runner(_ config: String, output: String?, models: [String: URL] = [:]) throws -> Runner {
    let configuration = try ExperimentConfiguration(contentsOf: Location.experiment(config))
    return try Runner(
      configuration,
      store: Store(folder: URL(fileURLWithPath: output ?? "runs/\(configuration.name)")),
      places: Places(
        model: { try models[$0] ?? ModelArgument($0).localFolder() }, file: Location.file, task: Location.task
      ),
      version: PromptFerry.version)
  }

  struct Options: ParsableArguments {
    @Argument(help: "The configuration: a JSON file, or the name of one that ships with promptferry.")
    var config: String
    @Option(
      name: [.short, .customLong("output")], help: "The folder of results (default: runs/NAME).",
      completion: .directory)
    var output: String?
    @OptionGroup var common: CommonOptions

    /// The folders of the models that the configuration names, by these names.
    func fetchModels(_ interruption: Interruption) async throws -> [String: URL] {
      let configuration = try ExperimentConfiguration(contentsOf: Location.experiment(config))
      var folders: [String: URL] = [:]
      for name in Set(configuration.pairs.flatMap { $0.sources + [$0.target] }).sorted() {
        folders[name] = try await common.model(name, .model, interruption).folder
      }
      return folders
    }

    func runner(models: [String: URL] = [:]) throws -> Runner {
      try ExperimentCommand.runner(config, output: output, models: models)
    }
  }

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs the cells that are missing. May be interrupted or killed: the next run goes on.")
    @OptionGroup var options: Options
    @OptionGroup var writing: OutputOptions

    func run() async throws {
      let interruption = Interruption.shared
      try checkOutput()
      let runner = try options.runner(models: await options.fetchModels(interruption))
      let before = try runner.status()
      options.common.note("\(before.finishedCells) of \(before.cellCount) cells are there.")
      // Cells are kept one by one, so nothing that is finished is lost where a long one is not waited for.
      interruption.beginWork(
        endingWithin: .milliseconds(1500), remains: "what is finished is kept. Run it again to go on.")
      let bars = [
        options.common.progress("tuning", unit: "prompts"), options.common.progress("running", unit: "cells"),
      ]
      let isFinished = try runner.run(
        options.common.parallelism,
        progress: { stage, done, total in bars[stage == .tuning ? 0 : 1].update(done, of: total) },
        shouldStop: { interruption.isRequested })
      for bar in bars { bar.finish() }
      try options.printStatus(runner)
      if !isFinished {
        options.common.note("Interrupted: run it again to go on.")
        throw Interruption.shared.exit
      }
    }

    /// The folder of results may hold those of earlier runs, and else nothing that they would replace.
    private func checkOutput() throws {
      let file = try Location.experiment(options.config)
      let configuration = try ExperimentConfiguration(contentsOf: file)
      let inputs = OutputOptions.Inputs(
        models: Array(Set(configuration.pairs.flatMap { $0.sources + [$0.target] })).sorted(), files: [file])
      let folder = URL(fileURLWithPath: options.output ?? "runs/\(configuration.name)")
      for name in [Store.recordName, Store.addressName] {
        let place = folder.appendingPathComponent(name)
        guard FileIdentity(place) != nil else {
          try writing.refuse(place, among: inputs)
          continue
        }
        try writing.check(place, .results, reading: inputs)
      }
    }
  }

  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Says what is done and what is left.")
    @OptionGroup var options: Options

    func run() throws { try options.printStatus(try options.runner()) }
  }

  struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says why cells are to be run: which of their inputs differ from those of the last result.",
      discussion: """
        Example:
          promptferry experiment why zoo/quick "bert-tiny, capital"

        A result rests on the content of models, facts, words and settings, not on their names. CELL is part of a cell's \
        description; without it all cells that are to be run are explained.
        """)
    @OptionGroup var options: Options
    @Argument(help: "Part of the description of the cells that are meant (default: all).") var cell: String?

    func run() throws {
      let reasons = try options.runner().reasons().filter { reason in
        cell.map { reason.cell.contains($0) } ?? true
      }
      let lines = reasons.map { reason in
        let why = reason.differences.isEmpty ? "was never run" : reason.differences.joined(separator: "; ")
        return VisibleText.line("\(reason.cell): \(why)", limit: 1000)
      }
      try options.common.print(
        reasons, text: lines.isEmpty ? "Nothing is to be run." : lines.joined(separator: "\n"))
    }
  }
}

extension ExperimentCommand.Options {
  func printStatus(_ runner: Runner) throws {
    let status = try runner.status()
    try common.print(
      status,
      text: """
        \(runner.store.folder.path.shown): \(status.finishedCells) of \(status.cellCount) cells, \
        \(status.finishedPrompts) of \(status.promptCount) tuned prompts
        """)
  }
}
