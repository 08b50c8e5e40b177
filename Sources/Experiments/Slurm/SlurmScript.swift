/// The script that Slurm runs for an experiment: an array of tasks, each of them a shard.
public struct SlurmScript: Sendable, Equatable {
  /// What the user asks Slurm for.
  public struct Request: Sendable, Equatable {
    public var taskCount = 1
    /// How many tasks run at a time.
    public var throttle = 256
    public var partition, time, gpus: String?
    public var cpus: Int?
    /// How often a task whose time is over goes on in a new start.
    public var timeouts = 3
    /// Other options of sbatch, one a line.
    public var more: [String] = []

    public init() {}
  }

  public var name: String
  /// For people, in the queue.
  public var comment: String
  /// The command line of a shard, up to its number.
  public var command: [String]
  /// Where the command is run.
  public var directory: String
  public var logs: String
  public var request: Request

  public init(
    name: String, comment: String, command: [String], directory: String, logs: String, request: Request
  ) {
    (self.name, self.comment, self.command) = (name, comment, command)
    (self.directory, self.logs, self.request) = (directory, logs, request)
  }

  public var text: String {
    """
    #!/bin/bash
    # \(Self.line(comment))
    \(options.map { "#SBATCH \($0)" }.joined(separator: "\n"))

    cd \(Self.quoted(directory)) || exit 1
    export HF_HUB_OFFLINE=1  # models were fetched before
    task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
    echo "$(date '+%F %T') task $task on ${SLURMD_NODENAME:-$(hostname)}, start $((${SLURM_RESTART_COUNT:-0} + 1))"

    # Signals are for the command below. This shell waits for its end.
    trap : TERM USR2
    srun --ntasks=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \(command.map(Self.quoted).joined(separator: " ")) --shard "$SLURM_ARRAY_TASK_ID/\(request.taskCount)"
    status=$?
    echo "$(date '+%F %T') task $task ends with $status"

    # 140: USR2, 90 seconds before the end of its time. Where it stands is written, and it goes on in a new start: \(Self.times(request.timeouts)),
    # or as often as wanted where there is time left, as it was preempted then. Of the array only this task is started again.
    if [ $status = 140 ]; then
      left=$(squeue --noheader --job "$SLURM_JOB_ID" --format %L | tr -d ' ')
      case "$left" in [01]:??) echo . >> \(Self.quoted(logs))/"$task.timeouts" ;; esac
      count=$(cat \(Self.quoted(logs))/"$task.timeouts" 2>/dev/null | wc -l)
      if [ "$count" -le \(request.timeouts) ]; then
        scontrol requeue "$task" && sleep 120
      else
        echo "task $task is not started again: its time was over $count times"
      fi
    fi
    # 143: TERM. Slurm starts what it preempts again, and ends what was cancelled, when this shell has not ended by itself.
    if [ $status = 143 ]; then sleep 3600; fi
    exit $status

    """
  }

  private var options: [String] {
    [
      "--job-name=promptferry-\(name)",
      "--comment=\"\(Self.line(comment).filter { $0 != "\"" && $0 != "\\" })\"",
      "--array=0-\(request.taskCount - 1)%\(request.throttle)",
      "--output=\(Self.option("\(Self.percents(logs))/%A_%a.log"))",
      "--open-mode=append",
      "--signal=USR2@90",
      "--requeue",
    ]
      + [
        ("--partition", request.partition), ("--time", request.time), ("--gpus", request.gpus),
        ("--cpus-per-task", request.cpus.map { "\($0)" }),
      ].compactMap { name, value in value.map { "\(name)=\(Self.option($0))" } } + request.more
  }

  private static func times(_ count: Int) -> String {
    switch count {
    case 0: "never"
    case 1: "once"
    default: "\(count) times at most"
    }
  }

  /// A name stands for itself in a pattern of names.
  private static func percents(_ text: String) -> String { text.replacing("%", with: "%%") }

  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }

  /// As sbatch reads a value.
  private static func option(_ text: String) -> String {
    text.contains { $0 == " " || $0 == "\t" || $0 == "#" } ? "\"\(text)\"" : text
  }

  private static func quoted(_ word: String) -> String {
    let plain = word.unicodeScalars.allSatisfy {
      $0.isASCII
        && ($0.properties.isAlphabetic || $0.properties.numericType != nil
          || "-_./=:,@+%".unicodeScalars.contains($0))
    }
    return plain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }
}
