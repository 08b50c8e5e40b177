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
      var slurm = SlurmView(options: options)
      // What results rest on does not change while one looks: it is worked out once.
      let runner = try options.runner()
      while true {
        let status = try runner.status()
        try slurm.ask(runner.store)
        try options.printStatus(runner, status, queue: slurm.queue, history: slurm.history)
        if !watch || status.isFinished { return }
        for _ in 0..<50 where !Interruption.shared.isRequested { Thread.sleep(forTimeInterval: 0.1) }
        if Interruption.shared.isRequested { throw Interruption.shared.exit }
      }
    }
  }

  /// What Slurm knows, asked for now and then. A query that fails is no error: it is asked less often.
  private struct SlurmView {
    private static let (first, longest) = (Duration.seconds(30), Duration.seconds(240))
    let options: Options
    private(set) var queue: SlurmQueue?
    private(set) var history: SlurmHistory?
    private var keepsAccounts = true
    private var next = ContinuousClock.now
    private var pause = Self.first

    init(options: Options) { self.options = options }

    mutating func ask(_ store: Store) throws {
      let ids = try store.jobs().jobs.map(\.id)
      guard !ids.isEmpty, ContinuousClock.now >= next else { return }
      do {
        queue = try options.queue(ids)
        pause = Self.first
      } catch {
        queue = nil
        options.common.note("Slurm's queue is not known: \(TransferError(error).description)")
        pause = min(pause * 2, Self.longest)
      }
      // Many clusters have no accounts: that is worth no note, and no second question.
      if queue != nil, keepsAccounts {
        do { history = try options.history(ids) } catch { keepsAccounts = false }
      }
      next = .now + pause
    }
  }
}

extension ExperimentCommand.Options {
  private struct Answer: Encodable {
    let status: Runner.Status
    let queue: SlurmQueue?
    let history: SlurmHistory?

    func encode(to encoder: any Encoder) throws {
      try status.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encodeIfPresent(queue?.tasks, forKey: .queue)
      try container.encodeIfPresent(history?.tasks, forKey: .ended)
    }

    private enum Key: String, CodingKey { case queue, ended }
  }

  func printStatus(
    _ runner: Runner, _ status: Runner.Status? = nil, queue: SlurmQueue? = nil, history: SlurmHistory? = nil
  ) throws {
    let status = try status ?? runner.status()
    try common.print(
      Answer(status: status, queue: queue, history: history),
      text: lines(status, runner.store, queue, history).joined(separator: "\n"))
  }

  private func lines(
    _ status: Runner.Status, _ store: Store, _ queue: SlurmQueue?, _ history: SlurmHistory?
  ) -> [String] {
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
      lines.append("queue   " + (queue.tasks.isEmpty ? "no task" : Self.counts(queue.tasks)))
    }
    if let history, !history.tasks.isEmpty { lines.append("ended   " + Self.counts(history.tasks)) }
    if !status.isFinished, let seconds = status.secondsLeft {
      lines.append("about \(Self.clock(seconds)) left")
    }
    return lines
  }

  private static func counts(_ tasks: [String: Int]) -> String {
    tasks.sorted { $0.key < $1.key }
      .map { "\($0.value) \($0.key.lowercased().replacing("_", with: " "))" }.joined(separator: ", ")
  }

  /// Hours, minutes and seconds.
  private static func clock(_ seconds: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":\(two(seconds % 60))"
  }
}
