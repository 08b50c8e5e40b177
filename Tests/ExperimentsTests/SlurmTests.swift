import Experiments
import Foundation
import TestSupport
import Testing

@Suite struct SlurmTests {
  private func script() -> SlurmScript {
    var request = SlurmScript.Request()
    (request.taskCount, request.partition, request.time) = (8, "long", "4:00:00")
    (request.gpus, request.cpus, request.more) = ("1", 4, ["--mem=16G"])
    return SlurmScript(
      name: "small", comment: "promptferry: What \"carries\"?, 28 of 28 cells",
      command: ["/opt/my tools/promptferry", "experiment", "run", "it's.json", "--output", "/runs/small"],
      directory: "/home/me", logs: "/runs/100%/logs", request: request)
  }

  /// The whole text, as people will read it: `Tests/Fixtures/slurm/submit.sh`.
  @Test func theScriptIsTheGoldenOne() throws {
    let golden = Fixtures.repository.appending(path: "Tests/Fixtures/slurm/submit.sh")
    #expect(try script().text == String(contentsOf: golden, encoding: .utf8))
  }

  /// With stand-ins for Slurm's commands: what is started again, and how often.
  @Test(arguments: [
    (status: 0, left: "1:20", timeouts: 0, isRequeued: false),
    (status: 1, left: "1:20", timeouts: 0, isRequeued: false),
    (status: 140, left: "1:20", timeouts: 2, isRequeued: true),
    (status: 140, left: "1:20", timeouts: 3, isRequeued: false),
    // It was preempted: there is time left.
    (status: 140, left: "2:10:00", timeouts: 3, isRequeued: true),
  ])
  func startsAgainWhatMayGoOn(_ end: (status: Int, left: String, timeouts: Int, isRequeued: Bool)) throws {
    let folder = try TemporaryFolder()
    let path = folder.url.path
    var script = script()
    (script.directory, script.logs) = (path, path)
    try folder.write(script.text, to: "submit.sh")
    try folder.write(String(repeating: ".\n", count: end.timeouts), to: "7_0.timeouts")
    for (name, body) in [
      "srun": "exit \(end.status)", "squeue": "echo ' \(end.left)'", "sleep": "exit 0",
      "scontrol": "echo $* >> \(path)/asked",
    ] {
      let file = try folder.write("#!/bin/bash\n\(body)\n", to: "bin/\(name)")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }
    let outcome = try Command.run(
      ["submit.sh"], in: folder.url,
      environment: [
        "PATH": "\(path)/bin:/usr/bin:/bin", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "0",
        "SLURM_JOB_ID": "7",
      ], executable: URL(fileURLWithPath: "/bin/bash"))
    #expect(outcome.status == Int32(end.status), "\(outcome.errors)")
    // Task 0 has the number of the whole array: only itself is started again.
    let asked = try? String(contentsOf: folder.url.appending(path: "asked"), encoding: .utf8)
    #expect(asked == (end.isRequeued ? "requeue 7_0\n" : nil))
  }

  @Test func theQueueIsCounted() {
    let queue = SlurmQueue("12 12_0 RUNNING\n12 12_1 RUNNING\n13 13_5 PENDING\n\nnonsense\n")
    #expect(queue.tasks == ["RUNNING": 2, "PENDING": 1])
    #expect(queue.jobs == ["12", "13"])
    #expect(SlurmQueue("").jobs.isEmpty)
    #expect(SlurmQueue.query(["12", "13"]).contains("--jobs=12,13"))
  }

  @Test func theEndedAreCounted() {
    let history = SlurmHistory(
      "12_0|COMPLETED\n12_1|CANCELLED by 1000\n12_2|OUT_OF_MEMORY\n12_3|RUNNING\n12_[4-7]|PENDING\n13_0|COMPLETED\n\nnonsense\n"
    )
    #expect(history.tasks == ["COMPLETED": 2, "CANCELLED": 1, "OUT_OF_MEMORY": 1])
    #expect(SlurmHistory.query(["12", "13"]).contains("--jobs=12,13"))
  }
}
