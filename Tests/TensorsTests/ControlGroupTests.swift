import Foundation
import Tensors
import TestSupport
import Testing

/// Control groups of both versions, as files that say what they say on such machines.
@Suite struct ControlGroupTests {
  private func group(_ membership: String, _ mounts: String, _ files: [String: String]) throws -> ControlGroup
  {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(text, to: "root\(name)") }
    let (first, second) = (try folder.write(membership, to: "cgroup"), try folder.write(mounts, to: "mounts"))
    return ControlGroup(
      membership: first.path, mounts: second.path, root: folder.url.appending(path: "root").path)
  }

  @Test func theSecondVersionsSmallestLimitHolds() throws {
    let group = try group(
      "0::/slurm/job_7/step_0\n",
      "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
      [
        "/sys/fs/cgroup/slurm/cpu.max": "800000 100000\n",
        "/sys/fs/cgroup/slurm/job_7/cpu.max": "250000 100000\n",
        "/sys/fs/cgroup/slurm/job_7/step_0/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/slurm/job_7/memory.max": "1073741824\n",
        "/sys/fs/cgroup/slurm/job_7/step_0/memory.max": "max\n",
      ])
    #expect(group.processors == 2.5 && group.memory == 1 << 30)
  }

  @Test func theFirstVersionHasAFolderForEachController() throws {
    let group = try group(
      "4:memory:/slurm/job_7\n3:cpu,cpuacct:/slurm/job_7\n1:name=systemd:/init\n",
      """
      31 23 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
      32 23 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
      33 23 0:28 / /proc rw - proc proc rw
      """,
      [
        "/sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_quota_us": "400000\n",
        "/sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes": "2147483648\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      ])
    #expect(group.processors == 4 && group.memory == 2 << 30)
  }

  /// A container's own folder stands for the group that it was given.
  @Test func aContainerSeesItsGroupAsTheRoot() throws {
    let group = try group(
      "0::/docker/abc\n", "29 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
      ["/sys/fs/cgroup/cpu.max": "50000 100000\n"])
    #expect(group.processors == 0.5 && group.memory == nil)
  }

  @Test func whereThereIsNoneThereIsNoLimit() throws {
    let none = try group("", "nonsense\n - \n", [:])
    #expect(none.processors == nil && none.memory == nil)
  }

  @Test func threadsAreWhatIsGranted() throws {
    let none = try group("", "", [:])
    let half = try group(
      "0::/\n", "29 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n", ["/cg/cpu.max": "150000 100000\n"])
    func threads(_ environment: [String: String], _ group: ControlGroup) -> Int {
      Parallelism.granted(environment, processors: 16, group: group).threads
    }
    #expect(threads([:], none) == 16 && threads([:], half) == 2)
    #expect(threads(["SLURM_CPUS_PER_TASK": "4", "OMP_NUM_THREADS": "1"], none) == 4)
    #expect(threads(["SLURM_CPUS_PER_TASK": "4"], half) == 2)
    #expect(threads(["OMP_NUM_THREADS": "3"], none) == 3 && threads(["OMP_NUM_THREADS": "no"], none) == 16)
  }
}
