import ArgumentParser
import Experiments
import Formats
import Foundation
import PromptTransfer

extension ExperimentCommand {
  struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Gives the cells that are missing to Slurm, as an array of tasks that share them.",
      discussion: """
        Example:
          promptferry experiment submit hub/main --array-size 32 --time 4:00:00 \\
            --threads 8
          promptferry experiment status hub/main --watch

        It fetches the models, writes submit.sh and the ids of jobs into the folder of results, and runs sbatch. \
        --threads is what every task asks for as --cpus-per-task. A task that is preempted, or whose time is over, writes where it \
        stands and goes on there. Submit again to add tasks: they share what is left.
        """)
    @OptionGroup var options: Options
    @Option(help: "How many tasks (default: one for each missing cell, at most 32).") var arraySize: Int?
    @Option(help: "How many tasks run at a time.") var throttle = 256
    @Option(help: "The partition.") var partition: String?
    @Option(help: "The time of a task, as sbatch has it: 30, 4:00:00, 2-0.") var time: String?
    @Option(help: "The GPUs of a task, as sbatch has it.") var gpus: String?
    @Option(help: "How often a task whose time is over is started again.") var timeouts = 3
    @Option(
      name: .customLong("sbatch"), parsing: .unconditionalSingleValue,
      help: "Another option of sbatch, such as --sbatch=--mem=16G; may be given several times.")
    var more: [String] = []
    @Flag(help: "Print the script and do nothing.") var dryRun = false
    @OptionGroup var sharing: SharingOptions

    func validate() throws {
      if let arraySize, !(1...10_000).contains(arraySize) {
        throw ValidationError("--array-size wants a number from 1 to 10000")
      }
      if throttle < 1 { throw ValidationError("--throttle wants 1 or more") }
      if timeouts < 0 { throw ValidationError("--timeouts wants 0 or more") }
      let values = [partition, time, gpus].compactMap(\.self) + more
      if let wrong = values.first(where: {
        $0.isEmpty || $0.contains(where: \.isNewline) || $0.contains("\"")
      }) {
        throw ValidationError("\(wrong.debugDescription) is no value for sbatch")
      }
      if let wrong = more.first(where: { !$0.hasPrefix("-") }) {
        throw ValidationError("--sbatch wants an option of sbatch, such as --mem=16G, not \(wrong)")
      }
    }

    func run() async throws {
      if dryRun {
        let script = try script(options.runner()).text
        return try options.common.print(["script": script], text: String(script.dropLast()))
      }
      let experiment = try options.experiment()
      let runner = try experiment.runner(
        models: await experiment.fetchModels(options.common, Interruption.shared))
      let script = try script(runner)
      for folder in [runner.store.folder, runner.store.logs] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
      try runner.writePlan()
      _ = runner.forgetFailures()
      try AtomicFile.write(Data(script.text.utf8), to: runner.store.script)
      let submission = try options.submit(runner, taskCount: script.request.taskCount)
      try options.common.print(submission, text: submission.text)
    }

    private func script(_ runner: Runner) throws -> SlurmScript {
      let status = try runner.status()
      guard !status.isFinished else {
        throw TransferError(options.config, "has no cell that is to be run: nothing is submitted")
      }
      let missing = status.cellCount - status.finishedCells
      var request = SlurmScript.Request()
      request.taskCount = arraySize ?? min(missing, 32)
      (request.throttle, request.timeouts, request.more) = (throttle, timeouts, more)
      (request.partition, request.time, request.gpus) = (partition, time, gpus)
      request.cpus = options.common.threads
      let folder = runner.store.folder.standardizedFileURL.path
      let file = URL(fileURLWithPath: options.config).standardizedFileURL.path
      let config = FileManager.default.fileExists(atPath: file) ? file : options.config
      return SlurmScript(
        name: runner.configuration.name,
        comment: "promptferry: \(runner.configuration.title), \(missing) of \(status.cellCount) cells",
        command: [Self.executable, "experiment", "run", config, "--output", folder]
          + (sharing.lease == SharingOptions.standardLease ? [] : ["--lease", "\(sharing.lease)"]),
        directory: FileManager.default.currentDirectoryPath, logs: "\(folder)/logs", request: request)
    }

    private static var executable: String {
      URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0]).standardizedFileURL.path
    }
  }

  struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes the tasks of an experiment out of Slurm's queue. What is finished is kept.")
    @OptionGroup var options: Options

    func run() throws {
      let store = try options.runner().store
      let ids = try store.jobs().jobs.map(\.id)
      guard !ids.isEmpty else {
        throw TransferError(store.folder.path, "was not submitted: there is nothing to cancel")
      }
      let queue = try options.queue(ids)
      if !queue.jobs.isEmpty { _ = try SlurmCommand.run(["scancel"] + queue.jobs) }
      let count = queue.tasks.values.reduce(0, +)
      try options.common.print(
        ["cancelledTasks": count],
        text: count == 0
          ? "No task is in the queue." : "Cancelled \(count) tasks of \(queue.jobs.joined(separator: ", ")).")
    }
  }

  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Has what failed run again, and gives it to Slurm where the experiment was submitted.",
      discussion: """
        Tasks that are still in the queue take up what failed. Where there are none the script of the last submit is submitted again.
        """)
    @OptionGroup var options: Options

    struct Outcome: Encodable {
      let forgottenFailures: Int
      let submission: Submission?
      let isInQueue: Bool
    }

    func run() throws {
      let runner = try options.runner()
      let count = runner.forgetFailures()
      let jobs = try runner.store.jobs().jobs
      let isInQueue = try !jobs.isEmpty && !options.queue(jobs.map(\.id)).jobs.isEmpty
      let isFinished = try runner.status().isFinished
      let submission =
        isInQueue || isFinished
        ? nil : try jobs.last.map { try options.submit(runner, taskCount: $0.taskCount) }
      let next =
        submission?.text
        ?? (isFinished
          ? "Everything is finished."
          : isInQueue
            ? "The tasks in the queue take it up."
            : "Run it again: promptferry experiment run \(options.config)")
      try options.common.print(
        Outcome(forgottenFailures: count, submission: submission, isInQueue: isInQueue),
        text: "\(count) failures are forgotten. \(next)")
    }
  }

  struct Submission: Encodable {
    let job: String
    let taskCount: Int
    let script, logs: String
    var text: String { "Submitted job \(job): \(taskCount) tasks, logs in \(logs.shown)" }
  }
}

extension ExperimentCommand.Options {
  /// Submits the script in the folder of results.
  func submit(_ runner: Runner, taskCount: Int) throws -> ExperimentCommand.Submission {
    let store = runner.store
    var jobs = try store.jobs()
    let answer = try SlurmCommand.run(["sbatch", "--parsable", store.script.path])
    // ID, or ID;CLUSTER.
    let id = String(answer.trimmingCharacters(in: .whitespacesAndNewlines).prefix { $0 != ";" })
    jobs.add(id, taskCount: taskCount)
    try store.write(jobs)
    return ExperimentCommand.Submission(
      job: id, taskCount: taskCount, script: store.script.path, logs: store.logs.path)
  }

  /// What is in the queue of these jobs. Slurm forgets jobs a while after their end, and then says that their ids are wrong.
  func queue(_ ids: [String]) throws -> SlurmQueue {
    do {
      return SlurmQueue(try SlurmCommand.run(SlurmQueue.query(ids)))
    } catch let error as TransferError where error.problem.contains("Invalid job id") {
      return SlurmQueue("")
    }
  }

  /// How tasks of these jobs ended. Throws where the cluster keeps no accounts.
  func history(_ ids: [String]) throws -> SlurmHistory {
    SlurmHistory(try SlurmCommand.run(SlurmHistory.query(ids)))
  }
}
