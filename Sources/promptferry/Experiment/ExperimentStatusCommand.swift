import ArgumentParser
import Experiments
import Foundation
import PromptTransfer

extension ExperimentCommand {
  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what is done, what runs where, what failed and what is left.",
      discussion: """
        Example:
          promptferry experiment status hub/main --watch

        A run that has shown no sign of life for a while is lost: another one takes over what it had begun.
        """)
    @OptionGroup var options: Options
    @Flag(help: "Say it again every few seconds, until everything is finished.") var watch = false

    func run() throws {
      var queue = QueueView(options: options)
      // What results rest on does not change while one looks: it is worked out once.
      let runner = try options.runner()
      while true {
        let status = try runner.status()
        try options.printStatus(runner, status, queue: queue.tasks(runner.store))
        if !watch || status.isFinished { return }
        for _ in 0..<50 where !Interruption.shared.isRequested { Thread.sleep(forTimeInterval: 0.1) }
        if Interruption.shared.isRequested { throw Interruption.shared.exit }
      }
    }
  }

  /// The tasks in Slurm's queue, asked for now and then. A query that fails is no error: it is asked less often.
  private struct QueueView {
    private static let (first, longest) = (Duration.seconds(30), Duration.seconds(240))
    let options: Options
    private var known: SlurmQueue?
    private var next = ContinuousClock.now
    private var pause = Self.first

    init(options: Options) { self.options = options }

    mutating func tasks(_ store: Store) throws -> SlurmQueue? {
      let ids = try store.jobs().jobs.map(\.id)
      guard !ids.isEmpty, ContinuousClock.now >= next else { return known }
      do {
        known = try options.queue(ids)
        pause = Self.first
      } catch {
        known = nil
        options.common.note("Slurm's queue is not known: \(TransferError(error).description)")
        pause = min(pause * 2, Self.longest)
      }
      next = .now + pause
      return known
    }
  }
}

extension ExperimentCommand.Options {
  private struct Answer: Encodable {
    let status: Runner.Status
    let queue: SlurmQueue?

    func encode(to encoder: any Encoder) throws {
      try status.encode(to: encoder)
      guard let queue else { return }
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(queue.tasks, forKey: .queue)
    }

    private enum Key: String, CodingKey { case queue }
  }

  func printStatus(_ runner: Runner, _ status: Runner.Status? = nil, queue: SlurmQueue? = nil) throws {
    let status = try status ?? runner.status()
    try common.print(
      Answer(status: status, queue: queue),
      text: lines(status, runner.store, queue).joined(separator: "\n"))
  }

  private func lines(_ status: Runner.Status, _ store: Store, _ queue: SlurmQueue?) -> [String] {
    var lines = [
      """
      \(store.folder.path.shown): \(status.finishedCells) of \(status.cellCount) cells, \
      \(status.finishedPrompts) of \(status.promptCount) tuned prompts
      """
    ]
    for work in status.running {
      let place = "\(work.host), " + (work.job.map { "job \($0)" } ?? "process \(work.process)")
      lines.append(
        "\(work.isLost ? "lost   " : "running") \(work.what.shown) on \(place.shown), for \(Self.clock(work.seconds)), "
          + "last sign of life \(work.silentSeconds) s ago")
    }
    for failure in status.failed {
      let log = failure.job.map { store.logs.appendingPathComponent("\($0).log").path }
      lines.append(
        "failed  \(failure.what.shown): \(failure.problem.shown)"
          + (log.map { FileManager.default.fileExists(atPath: $0) ? ". Its log: \($0.shown)" : "" } ?? ""))
    }
    if status.waitingCells > 0, !status.running.isEmpty || !status.failed.isEmpty || queue != nil {
      lines.append("waiting \(status.waitingCells) cells")
    }
    if let queue {
      let tasks = queue.tasks.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key.lowercased())" }
      lines.append("queue   " + (tasks.isEmpty ? "no task" : tasks.joined(separator: ", ")))
    }
    if !status.isFinished, let seconds = status.secondsLeft {
      lines.append("about \(Self.clock(seconds)) left")
    }
    return lines
  }

  /// Hours, minutes and seconds.
  private static func clock(_ seconds: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":\(two(seconds % 60))"
  }
}
