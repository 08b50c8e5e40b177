import Foundation

/// Who works on a unit: one run of one process. It is what claims hold.
package struct Owner: Sendable, Codable, Hashable {
  /// No two runs have the same.
  package let id: String
  package let host: String
  /// The machine since it was started, and the processes that see each other by number there; nil where that is not known.
  package let machine: String?
  package let process: Int32
  /// A scheduler's number for the job, and how often it was started before.
  package let job: String?
  package let restarts: Int

  package init(
    id: String, host: String, machine: String? = nil, process: Int32 = 0, job: String? = nil,
    restarts: Int = 0
  ) {
    (self.id, self.host, self.machine, self.process) = (id, host, machine, process)
    (self.job, self.restarts) = (job, restarts)
  }

  /// This process.
  package static func current() -> Owner {
    let environment = ProcessInfo.processInfo.environment
    return Owner(
      id: UUID().uuidString.lowercased(), host: environment["SLURMD_NODENAME"] ?? hostName(),
      machine: machine(), process: getpid(),
      job: job(environment), restarts: environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0)
  }

  /// Whether it is certain, without waiting, that `other` works no more: its process is gone from this machine, or it is an earlier
  /// start of the same job.
  func outlives(_ other: Owner) -> Bool {
    if let job, job == other.job, other.restarts < restarts { return true }
    guard let machine, machine == other.machine, other.process > 0 else { return false }
    return kill(other.process, 0) != 0 && errno == ESRCH
  }

  package var content: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return ((try? encoder.encode(self)) ?? Data()) + Data("\n".utf8)  // plain values: always encodable
  }

  package init?(_ content: Data) {
    guard let owner = try? JSONDecoder().decode(Owner.self, from: content) else { return nil }
    self = owner
  }

  /// As `squeue` and the names of logs have it.
  private static func job(_ environment: [String: String]) -> String? {
    guard let array = environment["SLURM_ARRAY_JOB_ID"], let task = environment["SLURM_ARRAY_TASK_ID"] else {
      return environment["SLURM_JOB_ID"]
    }
    return "\(array)_\(task)"
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func machine() -> String? {
    #if os(Linux)
      guard
        let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
        let processes = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
      else { return nil }
      return "\(boot.trimmingCharacters(in: .whitespacesAndNewlines)) \(processes)"
    #else
      var size = 0
      guard sysctlbyname("kern.bootsessionuuid", nil, &size, nil, 0) == 0 else { return nil }
      var name = [CChar](repeating: 0, count: size)
      guard sysctlbyname("kern.bootsessionuuid", &name, &size, nil, 0) == 0 else { return nil }
      return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #endif
  }
}
