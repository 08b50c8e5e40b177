import Foundation
import PromptTransfer
import TestSupport
import Testing

/// The shipped descriptions on the published files.
@Suite(
  .enabled(
    if: Fixtures.exists(Fixtures.shared.appending(path: "tasks"), isFolder: true),
    "SKIPPED: no shared/tasks beside the repository and no PROMPTFERRY_SHARED; real tasks are not read"))
struct RealTaskTests {
  @Test(arguments: [
    ("sst2", [6920, 872, 1821]), ("rte", [2241, 249, 277]), ("trec", [4907, 545, 500]),
  ])
  func everyLineIsAnExample(_ name: String, _ counts: [Int]) throws {
    let task = try ClassificationTask(
      ZooFixture.task(name), folder: Fixtures.shared.appending(path: "tasks/\(name)"))
    for (split, count) in zip(ExampleSet.Split.allCases, counts) {
      let examples = try task.examples(split)
      #expect(examples.count == count, "\(split)")
      #expect(Set(examples.map(\.object)) == Set(task.description.labels.map(\.word)), "\(split)")
    }
  }

  @Test func oneExampleOfEach() throws {
    func first(_ name: String, _ split: ExampleSet.Split) throws -> Example? {
      let folder = Fixtures.shared.appending(path: "tasks/\(name)")
      return try ClassificationTask(ZooFixture.task(name), folder: folder).examples(split).first
    }
    #expect(
      try first("sst2", .dev)
        == Example(relation: "sst2", subject: "one long string of cliches .", object: "terrible"))
    #expect(
      try first("rte", .train)
        == Example(
          relation: "rte", subject: "No Weapons of Mass Destruction Found in Iraq Yet.",
          second: "Weapons of Mass Destruction Found in Iraq.", object: "no"))
    #expect(
      try first("trec", .test)
        == Example(relation: "trec", subject: "How far is it from Denver to Aspen ?", object: "number"))
  }
}

/// The tasks that ship with their data.
@Suite struct ZooTaskTests {
  @Test(arguments: ["topic", "bond"]) func everyModelKnowsTheLabels(_ name: String) throws {
    let task = try ClassificationTask(ZooFixture.task(name))
    for model in Fixtures.folders(in: ZooFixture.folder("")) {
      let space = try EmbeddingSpace(folder: ZooFixture.folder(model))
      #expect(try Dataset.task(task).candidates(space: space).words.count == task.description.labels.count)
    }
  }

  /// No text twice, in a split or in two.
  @Test(arguments: ["topic", "bond"]) func splitsAreApart(_ name: String) throws {
    let task = try ClassificationTask(ZooFixture.task(name))
    let all = try ExampleSet.Split.allCases.flatMap { try task.examples($0) }
    #expect(Set(all.map { [$0.subject, $0.second] }).count == all.count)
    #expect(Set(all.map(\.object)) == Set(task.description.labels.map(\.word)))
  }
}
