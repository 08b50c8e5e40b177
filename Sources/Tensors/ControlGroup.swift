import Foundation

/// What the control group of this process may use of its machine: containers and schedulers set it, and the number of processors and
/// the size of the memory that the system tells do not know of it. Versions 1 and 2, on Linux; elsewhere there are none.
package struct ControlGroup: Sendable {
  /// Processors' time, in processors: 1.5 is one and a half. Nil where there is no limit.
  package let processors: Double?
  /// In bytes. Nil where there is no limit.
  package let memory: UInt64?

  /// This process' own.
  package static let own = ControlGroup(
    membership: "/proc/self/cgroup", mounts: "/proc/self/mountinfo", root: "")

  /// - Parameters:
  ///   - membership: the file that says in which groups the process is
  ///   - mounts: the file that says where their folders are
  ///   - root: what paths of folders begin with, for tests
  package init(membership: String, mounts: String, root: String) {
    let groups = Self.groups(Self.text(membership) ?? "")
    var folders: [String] = []
    for mount in Self.mounts(Self.text(mounts) ?? "") {
      let controllers = mount.isSecond ? [""] : mount.controllers
      for (controller, path) in groups where controllers.contains(controller) {
        folders += Self.folders(of: path, in: mount).map { root + $0 }
      }
    }
    processors = folders.compactMap(Self.processors).min()
    memory = folders.compactMap(Self.memory).min()
  }

  private struct Mount {
    /// The group that its folder stands for.
    let base: String
    let folder: String
    let isSecond: Bool
    let controllers: [String]
  }

  /// Controllers and groups: `2:cpu,cpuacct:/a/b`, and `0::/a/b` of version 2, whose controller is empty here.
  private static func groups(_ text: String) -> [(controller: String, path: String)] {
    text.split(separator: "\n").flatMap { line -> [(String, String)] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { return [] }
      return parts[1].split(separator: ",", omittingEmptySubsequences: false).map { (String($0), parts[2]) }
    }
  }

  /// `31 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu`
  private static func mounts(_ text: String) -> [Mount] {
    text.split(separator: "\n").compactMap { line in
      let halves = line.components(separatedBy: " - ")
      let (before, after) = (halves[0].split(separator: " "), (halves.last ?? "").split(separator: " "))
      guard halves.count == 2, before.count > 4, after.count > 2, after[0].hasPrefix("cgroup") else {
        return nil
      }
      return Mount(
        base: String(before[3]), folder: String(before[4]), isSecond: after[0] == "cgroup2",
        controllers: after[2].split(separator: ",").map(String.init))
    }
  }

  /// The group's folder and those above it: the smallest limit holds.
  private static func folders(of group: String, in mount: Mount) -> [String] {
    var path = group
    if mount.base != "/", path == mount.base || path.hasPrefix(mount.base + "/") {
      path.removeFirst(mount.base.count)
    }
    let names = path.split(separator: "/")
    return (0...names.count).map { count in
      ([mount.folder] + names.prefix(count).map(String.init)).joined(separator: "/")
    }
  }

  private static func processors(_ folder: String) -> Double? {
    // "150000 100000", or "max 100000".
    if let words = text("\(folder)/cpu.max")?.split(whereSeparator: \.isWhitespace), words.count == 2 {
      return quotient(Double(words[0]), Double(words[1]))
    }
    return quotient(number("\(folder)/cpu.cfs_quota_us"), number("\(folder)/cpu.cfs_period_us"))
  }

  private static func quotient(_ quota: Double?, _ period: Double?) -> Double? {
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return quota / period
  }

  private static func memory(_ folder: String) -> UInt64? {
    let limit = number("\(folder)/memory.max") ?? number("\(folder)/memory.limit_in_bytes")
    // Version 1 says that there is none by a number near to the largest.
    guard let limit, limit > 0, limit < 0x1p62 else { return nil }
    return UInt64(limit)
  }

  private static func number(_ file: String) -> Double? {
    text(file).flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private static func text(_ file: String) -> String? { try? String(contentsOfFile: file, encoding: .utf8) }
}
