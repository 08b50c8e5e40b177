import Experiments
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

/// Claims on a real file system.
@Suite struct SharedFolderTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["claims", "owners", "cells", "failures"] {
      try FileManager.default.createDirectory(
        at: folder.url.appending(path: name), withIntermediateDirectories: true)
    }
    return folder
  }

  private func sharing(_ folder: TemporaryFolder, _ owner: Owner, at time: Duration = .zero) throws -> Sharing
  {
    try Sharing(owner, SharedFolder(folder.url), lease: .seconds(100), now: { time })
  }

  @Test func oneOfManyIsToldThatItMadeTheFile() throws {
    let folder = try folder()
    let wins = Atomic<Int>(0)
    let runs = (0..<8).map { (SharedFolder(folder.url), Data("run \($0)".utf8)) }
    Parallelism(threads: 8).forEach(8) { _, run in
      for unit in 0..<200 {
        if (try? runs[run].0.create("claims/\(unit)", runs[run].1)) == true {
          wins.add(1, ordering: .relaxed)
        }
      }
    }
    #expect(wins.load(ordering: .relaxed) == 200)
    let content = try String(contentsOf: folder.url.appending(path: "claims/7"), encoding: .utf8)
    #expect(content.hasPrefix("run "))
  }

  /// More than a file may have names on some file systems.
  @Test func aCardThatIsGoneIsMadeAnew() throws {
    let folder = try folder()
    let files = SharedFolder(folder.url)
    #expect(try files.create("claims/a", Data("me".utf8)))
    for name in try TemporaryFolder.names(folder.url.appending(path: "claims")) where name.hasSuffix("card") {
      try FileManager.default.removeItem(at: folder.url.appending(path: "claims/\(name)"))
    }
    #expect(try files.create("claims/b", Data("me".utf8)))
    #expect(try files.create("claims/c", Data("me".utf8)))
    #expect(try files.create("claims/b", Data("me".utf8)) == false)
    #expect(files.read("claims/b") == Data("me".utf8))
  }

  @Test func writingOverInPlaceLeavesNothingOfWhatWasThere() throws {
    let folder = try folder()
    let files = SharedFolder(folder.url)
    try files.overwrite("owners/a", Data("long content".utf8))
    try files.overwrite("owners/a", Data("short".utf8))
    #expect(files.read("owners/a") == Data("short".utf8))
  }

  @Test func whoIsGoneFromThisMachineIsNotWaitedFor() throws {
    let folder = try folder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "exit 0"]
    try process.run()
    process.waitUntilExit()
    let me = Owner.current()
    let gone = Owner(
      id: "gone", host: me.host, machine: me.machine, process: process.processIdentifier)
    let unit = WorkUnit(address: "unit")
    guard case .won = try sharing(folder, gone).attempt(unit) else { return #expect(Bool(false)) }
    let other = try sharing(folder, me)
    guard me.machine != nil else { return }
    guard case .won(let claim) = try other.attempt(unit) else { return #expect(Bool(false)) }
    other.begin(claim, "unit")
    // A third one finds a holder that lives.
    #expect(try sharing(folder, Owner(id: "third", host: "elsewhere")).attempt(unit) == .held(isAlive: false))
  }

  @Test func anEarlierStartOfTheSameJobIsNotWaitedFor() throws {
    let folder = try folder()
    let unit = WorkUnit(address: "unit")
    func start(_ restarts: Int, job: String = "12_3") -> Owner {
      Owner(id: "\(job) \(restarts)", host: "node", job: job, restarts: restarts)
    }
    guard case .won = try sharing(folder, start(0)).attempt(unit) else { return #expect(Bool(false)) }
    #expect(try sharing(folder, start(0, job: "12_4")).attempt(unit) == .held(isAlive: false))
    guard case .won = try sharing(folder, start(1)).attempt(unit) else { return #expect(Bool(false)) }
  }

  @Test func whatFailedOrIsFinishedIsNotClaimed() throws {
    let folder = try folder()
    let sharing = try sharing(folder, .current())
    try folder.write("{}", to: "cells/done.json")
    try folder.write("{}", to: "failures/broken.json")
    #expect(try sharing.attempt(WorkUnit(address: "done")) == .finished)
    #expect(try sharing.attempt(WorkUnit(address: "broken")) == .failed)
    #expect(
      try TemporaryFolder.names(folder.url.appending(path: "claims")).count { !$0.hasSuffix("card") } == 0)
  }

  /// `experiment retry` is for runs that work as well.
  @Test func whatFailedComesBackWhenItsFailureIsForgotten() throws {
    let folder = try folder()
    try folder.write("{}", to: "failures/prompt.json")
    let sharing = try sharing(folder, .current())
    let units = [
      WorkUnit(stage: .tuning, address: "prompt"), WorkUnit(address: "cell", needs: ["prompt"]),
      WorkUnit(address: "other"),
    ]
    var queue = WorkQueue(units, sharing, patience: .all)
    guard case .run(let claim) = try queue.next() else { return #expect(Bool(false)) }
    #expect(claim.unit.address == "other")
    #expect(queue.failed.map(\.address) == ["prompt", "cell"])
    try folder.write("{}", to: claim.unit.result)
    sharing.finish(claim)
    try FileManager.default.removeItem(at: folder.url.appending(path: "failures/prompt.json"))
    guard case .run(let again) = try queue.next() else { return #expect(Bool(false)) }
    #expect(again.unit.address == "prompt")
    try folder.write("{}", to: "failures/prompt.json")
    sharing.giveBack(again)
    queue.fail(again.unit)
    #expect(try queue.next() == .end)
    #expect(Set(queue.failed.map(\.address)) == ["prompt", "cell"])
  }
}
