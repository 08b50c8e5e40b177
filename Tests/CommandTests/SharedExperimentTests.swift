import Formats
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

/// Several runs of one experiment, as processes.
@Suite struct SharedExperimentTests {
  private static let configuration = """
    {
      "name": "shared", "title": "Shared", "facts": "share:atlas/data", "templates": "share:atlas/relations.jsonl",
      "vocabulary": "share:atlas/common_words.txt", "relations": ["capital", "animal"], "seeds": [0, 1, 2],
      "tuning": { "epochs": 2 },
      "pairs": [{ "sources": ["zoo:bert-tiny"], "target": "zoo:roberta-tiny" }],
      "methods": [{ "method": "manual" }, { "method": "majority" }, { "method": "direct" }, { "method": "copy" },
        { "method": "refine", "factLimit": 4 }, { "method": "distil", "epochs": 1 },
        { "label": "exact", "method": "relative", "ridge": [0, 0.1] }]
    }
    """

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(Self.configuration, to: "shared.json")
    return folder
  }

  private func run(
    _ folder: TemporaryFolder, _ output: String, _ more: [String] = [], signal: Command.Signal? = nil
  ) throws -> Command.Outcome {
    try Command.run(
      ["experiment", "run", "shared.json", "-o", output, "--quiet", "--threads", "1", "--lease", "2"] + more,
      in: folder.url, signal: signal)
  }

  /// Every result and every prompt, by name.
  private func contents(_ folder: TemporaryFolder, _ output: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for part in ["cells", "prompts"] {
      let place = folder.url.appending(path: "\(output)/\(part)")
      // A run that was killed leaves what it had begun to write.
      for name in try TemporaryFolder.names(place) where !name.hasPrefix(".") {
        files["\(part)/\(name)"] = try Data(contentsOf: place.appending(path: name))
      }
    }
    return files
  }

  private func all(_ count: Int, _ body: @Sendable (Int) throws -> Command.Outcome) throws -> [Command
    .Outcome]
  {
    let outcomes = Mutex<[Int: Result<Command.Outcome, any Error>]>([:])
    withoutActuallyEscaping(body) { body in
      Parallelism(threads: count).forEach(count) { _, index in
        let outcome = Result { try body(index) }
        outcomes.withLock { $0[index] = outcome }
      }
    }
    return try outcomes.withLock { $0 }.sorted { $0.key < $1.key }.map { try $0.value.get() }
  }

  @Test(arguments: [true, false]) func runsShareTheWorkAndGiveTheBytesOfOne(_ isSharded: Bool) throws {
    let folder = try folder()
    // In folders of their own: prompts are taken over from experiments beside.
    #expect(try run(folder, "alone/one").status == 0)
    let outcomes = try all(4) {
      try run(folder, "together/four", isSharded ? ["--shard", "\($0)/4"] : [])
    }
    for outcome in outcomes { #expect(outcome.status == 0, "\(outcome.errors)") }
    #expect(try contents(folder, "together/four") == contents(folder, "alone/one"))
    // Shards leave claims for those who see results late. The next run that is no shard finds nothing to do but to remove them.
    #expect(try run(folder, "together/four").status == 0)
    for part in ["claims", "owners", "states", "failures"] {
      let left = try TemporaryFolder.names(folder.url.appending(path: "together/four/\(part)"))
      #expect(left.isEmpty, "\(part): \(left)")
    }
  }

  /// Stopped with each of a scheduler's signals, frozen and killed, at places drawn from a seed: nothing is lost, doubled or different.
  @Test func faultsOfShardsChangeNothing() throws {
    let folder = try folder()
    #expect(try run(folder, "alone/one").status == 0)
    let expected = try contents(folder, "alone/one")
    let faults = Mutex<[Int32: Int]>([:])
    for round in 0..<4 {
      let output = "round\(round)/all"
      @Sendable func fileCount() -> Int {
        FileManager.default.enumerator(atPath: folder.url.appending(path: output).path)?.allObjects.count ?? 0
      }
      let outcomes = try all(3) { shard in
        var stream = RandomStream(seed: UInt64(round), name: "faults of \(shard)")
        while true {
          let number = [SIGKILL, SIGTERM, SIGUSR2][Int(stream.next() % 3)]
          let wanted = fileCount() + Int(stream.next() % 9)
          let isLast = wanted > 90
          let outcome = try run(
            folder, output, ["--shard", "\(shard)/3"],
            signal: isLast ? nil : Command.Signal(number) { _ in fileCount() >= wanted })
          if outcome.status == 0 { return outcome }
          faults.withLock { $0[outcome.status - 128, default: 0] += 1 }
          guard [SIGKILL, SIGTERM, SIGUSR2].contains(outcome.status - 128) else { return outcome }
        }
      }
      for outcome in outcomes { #expect(outcome.status == 0, "\(outcome.errors)") }
      #expect(try run(folder, output).status == 0)
      let found = try contents(folder, output)
      #expect(found.keys.sorted() == expected.keys.sorted())
      for (name, content) in found { #expect(content == expected[name], "\(output)/\(name)") }
    }
    let counts = faults.withLock { $0 }
    for number in [SIGKILL, SIGTERM, SIGUSR2] { #expect(counts[number] ?? 0 > 2, "\(counts)") }
  }

  /// A tuning that is told to stop writes where it stands, and is not begun anew.
  @Test func aStoppedTuningGoesOn() throws {
    let folder = try folder()
    let text = Self.configuration.replacing(#""epochs": 2"#, with: #""epochs": 300"#)
      .replacing(#""seeds": [0, 1, 2]"#, with: #""seeds": [0]"#)
      .replacing(#"["capital", "animal"]"#, with: #"["capital"]"#)
    try folder.write(text, to: "shared.json")
    #expect(try run(folder, "alone/one").status == 0)
    let states = folder.url.appending(path: "stopped/one/states")
    let prompts = folder.url.appending(path: "stopped/one/prompts")
    let start = Date.now
    let outcome = try run(
      folder, "stopped/one",
      signal: Command.Signal(SIGUSR2) { _ in
        FileManager.default.fileExists(atPath: states.path) && -start.timeIntervalSinceNow > 0.5
      })
    #expect(outcome.status == 128 + SIGUSR2, "\(outcome)")
    #expect(try TemporaryFolder.names(states).count == 1)
    #expect(try TemporaryFolder.names(prompts).count < 2)
    #expect(try run(folder, "stopped/one").status == 0)
    #expect(try contents(folder, "stopped/one") == contents(folder, "alone/one"))
    #expect(try TemporaryFolder.names(states).isEmpty)
  }

  /// A shard goes on after an error, the status says it, and what failed is run again when that is asked for.
  @Test func failuresAreToldAndTriedAgain() throws {
    let bench = try ExperimentBench()
    let folder = bench.world.folder
    // A prompt that cannot be trained: the only object of its training facts is no candidate.
    let good = try bench.world.bytes("data/capital/train.jsonl")
    try folder.write(
      #"{"sub_label": "france", "obj_label": "unknowable", "predicate_id": "capital"}"#,
      to: "data/capital/train.jsonl")
    let shard = ["experiment", "run", "tiny.json", "-o", "runs/one", "--shard", "0/2"]
    let failed = try Command.run(shard + ["--quiet"], in: folder.url)
    #expect(failed.status == 1 && failed.errors.contains("failed, or need what did"), "\(failed)")
    let status = try bench.experiment("status")
    #expect((status["finishedCells"]?.int ?? 0) > 0)
    let problems = status["failed"]?.array?.compactMap { $0["problem"]?.string } ?? []
    #expect(!problems.isEmpty && problems.allSatisfy { $0.contains("none of the 1 training facts") })
    // It is left alone until then.
    #expect(try Command.run(shard + ["--quiet"], in: folder.url).status == 1)
    let retry = try bench.experiment("retry")
    #expect(retry["forgottenFailures"]?.int == problems.count)
    #expect(try bench.experiment("status")["failed"]?.array?.isEmpty == true)
    try folder.write(good, to: "data/capital/train.jsonl")
    #expect(try Command.run(shard + ["--quiet"], in: folder.url).status == 0)
    #expect(try bench.isFinished())
  }

  @Test(arguments: ["8/8", "-1/8", "1", "1/0", "a/b", "1/2/3"]) func aShardIsOneOfAll(_ shard: String) throws
  {
    let outcome = try Command.run(["experiment", "run", "zoo/quick", "--shard", shard])
    #expect(outcome.status == 64 && outcome.errors.contains("shard"), "\(outcome)")
  }

  /// With stand-ins for Slurm's commands.
  @Test func submitsAsksAndCancels() throws {
    let folder = try folder()
    for (name, body) in [
      "sbatch": "echo 41", "squeue": "echo $* >> asked; echo 41 41_0 RUNNING; echo 41 41_1 PENDING",
      "scancel": "echo $* >> cancelled", "sacct": "echo '41_2|OUT_OF_MEMORY'",
    ] {
      let file = try folder.write("#!/bin/bash\n\(body)\n", to: "bin/\(name)")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }
    func experiment(_ words: String..., path: String = "bin:") throws -> Command.Outcome {
      try Command.run(
        ["experiment"] + words + ["shared.json", "-o", "out", "--json"], in: folder.url,
        environment: ["PATH": "\(path)/usr/bin:/bin"])
    }
    let dry = try experiment("submit", "--dry-run")
    #expect(dry.status == 0 && dry.output.contains("#SBATCH --array=0-31%256"), "\(dry)")
    #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "out").path))
    let none = try experiment("cancel")
    #expect(none.status == 1 && none.errors.contains("was not submitted"), "\(none)")

    let submitted = try experiment("submit", "--array-size", "2", "--threads", "3")
    #expect(submitted.status == 0, "\(submitted)")
    #expect(try JSON.parse(Data(submitted.output.utf8))["job"]?.string == "41")
    let script = try String(contentsOf: folder.url.appending(path: "out/submit.sh"), encoding: .utf8)
    #expect(script.contains("#SBATCH --cpus-per-task=3") && script.contains("/2\""))
    let status = try experiment("status")
    let answer = try JSON.parse(Data(status.output.utf8))
    #expect(answer["queue"]?["RUNNING"]?.int == 1, "\(status)")
    #expect(answer["ended"]?["OUT_OF_MEMORY"]?.int == 1, "\(status)")
    #expect(FileManager.default.fileExists(atPath: folder.url.appending(path: "out/plan.txt").path))
    // Slurm that does not answer is worth a note, and no error.
    let silent = try experiment("status", path: "")
    #expect(silent.status == 0 && silent.errors.contains("Slurm's queue is not known"), "\(silent)")
    #expect(try experiment("cancel").status == 0)
    #expect(try String(contentsOf: folder.url.appending(path: "cancelled"), encoding: .utf8) == "41\n")
  }
}
