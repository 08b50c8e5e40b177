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

      On a cluster with Slurm:
        promptferry experiment submit zoo/main
        promptferry experiment status zoo/main --watch

      CONFIG is a JSON file, or the name of one in share/promptferry/experiments.
      """,
    subcommands: [
      Run.self, Submit.self, Status.self, Why.self, Retry.self, Cancel.self, ReportCommand.self,
    ])

  /// A configuration that was read, and where its results are.
  struct Experiment {
    let file: URL
    let configuration: ExperimentConfiguration
    let folder: URL

    /// - Parameter output: the folder of results, runs/NAME when nil
    init(_ config: String, output: String?) throws {
      file = try Location.experiment(config)
      configuration = try ExperimentConfiguration(contentsOf: file)
      folder = URL(fileURLWithPath: output ?? "runs/\(configuration.name)")
    }

    /// The folders of the models that the configuration names, by these names.
    func fetchModels(_ common: CommonOptions, _ interruption: Interruption) async throws -> [String: URL] {
      var folders: [String: URL] = [:]
      for name in configuration.models {
        let folder = try await common.model(name, .model, interruption).folder
        guard FileManager.default.fileExists(atPath: folder.path) else {
          throw TransferError(
            name, "is not there, which the experiment \(configuration.name) names as a model",
            hint: "An experiment's paths begin in the folder where the command is run")
        }
        folders[name] = folder
      }
      return folders
    }

    /// - Parameter models: the folders of models by name; of those that are not there only what is on this machine is found
    func runner(models: [String: URL] = [:], device: DeviceChoice = .cpu) throws -> Runner {
      try Runner(
        configuration, store: Store(folder: folder),
        places: Places(
          model: { try models[$0] ?? ModelArgument($0).localFolder() }, file: Location.file,
          task: Location.task
        ),
        version: PromptFerry.version, commit: Revision.commit, device: device)
    }
  }

  struct Options: ParsableArguments {
    @Argument(help: "The configuration: a JSON file, or the name of one that ships with promptferry.")
    var config: String
    @Option(
      name: [.short, .customLong("output")], help: "The folder of results (default: runs/NAME).",
      completion: .directory)
    var output: String?
    @OptionGroup var common: CommonOptions

    func experiment() throws -> Experiment { try Experiment(config, output: output) }

    func runner() throws -> Runner { try experiment().runner() }
  }

  /// How runs know of each other.
  struct SharingOptions: ParsableArguments {
    @Option(
      help: """
        Seconds without a sign of life after which a run is taken for lost and its work is taken over: more than the time after \
        which the file system shows what other machines have written.
        """)
    var lease = standardLease
    static let standardLease = 180

    func validate() throws {
      if !(1...86_400).contains(lease) { throw ValidationError("--lease wants a number from 1 to 86400") }
    }
  }

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs the cells that are missing. May be interrupted or killed: the next run goes on.",
      discussion: """
        Example:
          promptferry experiment run zoo/main
          promptferry experiment run zoo/main --shard 0/8

        Several runs of one configuration and one folder share the work, on several machines where they see the same folder. \
        A run stays until everything is finished, and ends at the first error. A shard is one of many runs that a scheduler starts: \
        it goes on after errors, waits while the disk is full, and ends when others hold what is left.
        """)
    @OptionGroup var options: Options
    @Option(help: "This run is number I of N that share the work, from 0.")
    var shard: ShardArgument?
    @OptionGroup var sharing: SharingOptions
    @OptionGroup var place: DeviceOptions
    @OptionGroup var writing: OutputOptions

    /// I/N.
    struct ShardArgument: ExpressibleByArgument {
      let shard: Runner.Shard

      init?(argument: String) {
        let numbers = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let index = numbers[0], let count = numbers[1],
          let shard = Runner.Shard(index: index, count: count)
        else { return nil }
        self.shard = shard
      }
    }

    func run() async throws {
      let interruption = Interruption.shared
      let common = options.common
      let experiment = try options.experiment()
      try checkOutput(experiment)
      let runner = try experiment.runner(
        models: await experiment.fetchModels(common, interruption), device: place.device)
      let before = try runner.status()
      common.note("\(before.finishedCells) of \(before.cellCount) cells are there.")
      // Cells are kept one by one and tunings go on where they were, so that little is lost where a long cell is not waited for.
      interruption.beginWork(
        endingWithin: .milliseconds(1500), whenTerminated: .seconds(20),
        remains: "what is finished is kept. Run it again to go on.")
      let bars = [("tuning", "prompts"), ("running", "cells")].map { title, unit in
        ProgressReporter(title: title, unit: .things(unit), isSilent: common.quiet)
      }
      let outcome = try runner.run(
        common.parallelism, Runner.Terms(shard: shard?.shard, lease: .seconds(sharing.lease)),
        Runner.Observer(
          progress: { stage, done, total in bars[stage == .tuning ? 0 : 1].update(done, of: total) },
          note: { text in common.note(text) }),
        shouldStop: { interruption.isRequested })
      for bar in bars { bar.finish() }
      try options.printStatus(runner)
      switch outcome {
      case .finished: break
      case .leftToOthers(let count): common.note("Other runs hold the last \(count) prompts and cells.")
      case .interrupted:
        common.note("Interrupted: run it again to go on.")
        throw interruption.exit
      case .failed(let count):
        throw TransferError(
          options.config, "\(count) prompts and cells failed, or need what did",
          hint: "See promptferry experiment status, and run it again when what is wrong is mended")
      }
    }

    /// The folder of results may hold those of earlier runs, and else nothing that they would replace.
    private func checkOutput(_ experiment: Experiment) throws {
      let inputs = OutputOptions.Inputs(models: experiment.configuration.models, files: [experiment.file])
      for name in [Store.recordName, Store.addressName] {
        let place = experiment.folder.appendingPathComponent(name)
        guard FileIdentity(place) != nil else {
          try writing.refuse(place, among: inputs)
          continue
        }
        try writing.check(place, .results, reading: inputs)
      }
    }
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
