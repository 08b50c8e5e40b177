import Foundation

/// The array jobs that an experiment was submitted as, written down in its folder.
public struct SlurmJobs: Sendable, Codable, Equatable {
  public struct Job: Sendable, Codable, Equatable {
    public let id: String
    public let taskCount: Int
  }

  public private(set) var jobs: [Job] = []

  public mutating func add(_ id: String, taskCount: Int) { jobs.append(Job(id: id, taskCount: taskCount)) }
}

extension Store {
  private var jobFile: URL { folder.appendingPathComponent("jobs.json") }
  /// What was submitted last.
  public var script: URL { folder.appendingPathComponent("submit.sh") }
  public var logs: URL { folder.appendingPathComponent("logs") }

  public func jobs() throws -> SlurmJobs { try read(SlurmJobs.self, jobFile) ?? SlurmJobs() }
  public func write(_ jobs: SlurmJobs) throws { try write(jobs, to: jobFile) }
}

/// What is in Slurm's queue, of some jobs.
public struct SlurmQueue: Sendable, Equatable, Codable {
  /// The number of tasks by their state, as Slurm calls it: `RUNNING`, `PENDING`.
  public private(set) var tasks: [String: Int] = [:]
  /// The jobs that have any.
  public private(set) var jobs: [String] = []

  /// What to ask `squeue` for: the job, its task and its state.
  public static func query(_ ids: [String]) -> [String] {
    ["squeue", "--noheader", "--array", "--jobs=\(ids.joined(separator: ","))", "--format=%F %i %T"]
  }

  /// - Parameter output: what it answers
  public init(_ output: String) {
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3 else { continue }
      tasks[String(words[2]), default: 0] += 1
      if !jobs.contains(String(words[0])) { jobs.append(String(words[0])) }
    }
  }
}

/// How tasks ended, from Slurm's accounts, which not every cluster keeps.
public struct SlurmHistory: Sendable, Equatable, Codable {
  /// The number of tasks by their last state, as Slurm calls it: `COMPLETED`, `TIMEOUT`, `OUT_OF_MEMORY`.
  public private(set) var tasks: [String: Int] = [:]

  /// What to ask `sacct` for: the task and its state.
  public static func query(_ ids: [String]) -> [String] {
    [
      "sacct", "--noheader", "--parsable2", "--allocations", "--array",
      "--jobs=\(ids.joined(separator: ","))",
      "--format=JobID,State",
    ]
  }

  /// - Parameter output: what it answers; tasks that have not ended are left out
  public init(_ output: String) {
    for line in output.split(separator: "\n") {
      let fields = line.split(separator: "|")
      // CANCELLED by 1000
      guard fields.count == 2, let state = fields[1].split(separator: " ").first else { continue }
      if !["PENDING", "RUNNING", "REQUEUED", "RESIZING", "SUSPENDED"].contains(state) {
        tasks[String(state), default: 0] += 1
      }
    }
  }
}
