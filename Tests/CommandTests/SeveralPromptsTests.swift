import Formats
import Foundation
import PromptTransfer
import TestSupport
import Testing

/// Several prompts in one command: the files are those that each prompt alone gives.
@Suite struct SeveralPromptsTests {
  private static let line = #"{"sub_label": "france", "obj_label": "rome", "predicate_id": "other"}"#

  private func world() throws -> World {
    let world = try World()
    for name in ["first", "second"] {
      for split in ["train", "dev"] {
        let facts = try String(decoding: world.bytes("facts/\(split).jsonl"), as: UTF8.self)
        let text = name == "first" ? facts : Self.line + "\n" + facts
        try world.folder.write(text, to: "relations/\(name)/\(split).jsonl")
      }
    }
    return world
  }

  private static let tune = ["tune", "--model", "model", "--epochs", "2", "--batch", "2"]

  @Test(arguments: [["relations"], ["relations/second", "relations/first"]])
  func tunedTogether(_ facts: [String]) throws {
    let world = try world()
    let result = try world.json(Self.tune + facts.flatMap { ["--facts", $0] } + ["-o", "prompts/"])
    #expect(result["prompts"]?.array?.count == 2 && result["examplesPerSecond"]?.double ?? 0 > 0)
    for name in ["first", "second"] {
      let alone = try world.json(Self.tune + ["--facts", "relations/\(name)", "-o", "alone"])
      #expect(try world.bytes("prompts/\(name).safetensors") == world.bytes("alone"), "\(name)")
      let own = result["prompts"]?.array?.first {
        $0["output"]?.string == "prompts/\(name).safetensors"
      }
      #expect(own?["epochs"] == alone["epochs"])
    }
    #expect(
      try world.bytes("prompts/first.safetensors") != world.bytes("prompts/second.safetensors"))
  }

  /// As before, a folder of relations is one set of facts where one prompt is written.
  @Test func aFileTakesAllRelationsTogether() throws {
    let world = try world()
    let result = try world.json(Self.tune + ["--facts", "relations", "-o", "p"])
    #expect(result["output"]?.string == "p" && result["prompts"] == nil)
  }

  @Test(arguments: [
    ("--facts relations --facts facts -o p", 64, "want a folder"),
    ("--facts relations/first --facts relations/first -o prompts/", 1, "two prompts of the name first"),
    ("--facts relations --facts nowhere -o prompts/", 1, "nowhere: is not there"),
  ])
  func isRefused(_ arguments: String, _ status: Int32, _ text: String) throws {
    let words = Self.tune + arguments.split(separator: " ").map(String.init)
    let world = try world()
    let outcome = try Command.run(words, in: world.folder.url)
    #expect(outcome.status == status && outcome.errors.contains(text), "\(outcome.errors)")
  }
}

@Suite struct SeveralTransfersTests {
  private func world() throws -> World {
    let world = try World()
    for (name, seed) in [("first", "1"), ("second", "2")] {
      _ = try world.json(
        "tune", "--model", "model", "--facts", "facts", "--epochs", "1", "--seed", seed, "-o", name)
      try world.folder.write(world.bytes(name), to: "prompts/\(name).safetensors")
    }
    return world
  }

  @Test(arguments: [
    [], ["--method", "relative", "--mask-top", "5"], ["--method", "linear"], ["--method", "random"],
    ["--normalize", "moments"], ["--method", "relative", "--search", "gradient", "--steps", "20"],
    ["--select", "words"],
  ])
  func carriedTogether(_ options: [String]) throws {
    let world = try world()
    let result = try world.json(
      ["transfer", "--from", "model=prompts", "--to", "other", "-o", "carried/"] + options)
    #expect(result["prompts"]?.array?.count == 2)
    for name in ["first", "second"] {
      _ = try world.json(
        ["transfer", "--from", "model=\(name)", "--to", "other", "-o", "alone"] + options)
      let alone = try SoftPrompt(world.folder.url.appending(path: "alone"))
      let together = try SoftPrompt(world.folder.url.appending(path: "carried/\(name).safetensors"))
      // Products of other heights round otherwise.
      expectClose(together.vectors, alone.vectors, absolute: 1e-5, relative: 1e-4, name)
    }
  }

  /// Two models of one table: by their numbers the prompts of one name come in another order than those of the other.
  @Test func ofOneTableTwice() throws {
    let world = try world()
    try world.addModel("twin", seed: 1)  // as "model"
    for (name, other) in [("first", "second"), ("second", "first")] {
      try world.folder.write(world.bytes(other), to: "swapped/\(name).safetensors")
    }
    let outcome = try world.run(
      "transfer", "--from", "model=prompts", "--from", "twin=swapped", "--to", "other", "-o", "carried/")
    try #require(outcome.status == 0, "\(outcome.errors.suffix(400))")
    let carried = try ["first", "second"].map {
      try SoftPrompt(world.folder.url.appending(path: "carried/\($0).safetensors")).vectors
    }
    expectClose(carried[0], carried[1], absolute: 1e-5, relative: 1e-4)
  }

  @Test(arguments: [
    ("--from model=first -o carried/", 1, "is no folder of prompts"),
    ("--from model=facts -o carried/", 1, "holds no prompt"),
    ("--from model=prompts -o carried/ --select dev --facts facts", 64, "chooses for one prompt"),
  ])
  func isRefused(_ arguments: String, _ status: Int32, _ text: String) throws {
    let words = ["transfer", "--to", "other"] + arguments.split(separator: " ").map(String.init)
    let world = try world()
    let outcome = try Command.run(words, in: world.folder.url)
    #expect(outcome.status == status && outcome.errors.contains(text), "\(outcome.errors)")
  }
}

/// A folder of prompts, each asked the facts of its relation.
@Suite struct SeveralAnswersTests {
  private func world() throws -> World {
    let world = try World()
    for name in ["first", "second"] {
      for split in ["train", "dev", "test"] {
        let facts = try String(decoding: world.bytes("facts/\(split).jsonl"), as: UTF8.self)
          .replacing("capital\"", with: "\(name)\"")
        let lines = facts.split(separator: "\n")
        let kept = name == "first" || split != "test" ? lines[...] : lines.prefix(1)
        try world.folder.write(kept.joined(separator: "\n"), to: "relations/\(name)/\(split).jsonl")
      }
    }
    _ = try world.json("tune", "--model", "model", "--facts", "relations", "--epochs", "2", "-o", "prompts/")
    return world
  }

  @Test func pooledOverRelations() throws {
    let world = try world()
    let ask = ["evaluate", "--model", "model", "--facts"]
    let pooled = try world.json(ask + ["relations", "--prompt", "prompts/", "--predictions", "answers"])
    #expect(pooled["factCount"]?.int == 4)
    var (correct, accuracies) = (0.0, 0.0)
    for (name, count) in [("first", 3), ("second", 1)] {
      let alone = try world.json(ask + ["relations/\(name)", "--prompt", "prompts/\(name).safetensors"])
      let accuracy = try #require(alone["microAccuracy"]?.double)
      #expect(alone["factCount"]?.int == count)
      correct += accuracy * Double(count)
      accuracies += accuracy
      let row = pooled["relations"]?.array?.first { $0["relation"]?.string == name }
      #expect(row?["accuracy"]?.double == accuracy)
    }
    #expect(abs(try #require(pooled["microAccuracy"]?.double) - correct / 4) < 1e-12)
    #expect(abs(try #require(pooled["macroAccuracy"]?.double) - accuracies / 2) < 1e-12)
    for (key, share) in [("microInterval", correct / 4), ("macroInterval", accuracies / 2)] {
      let (low, high) = (
        try #require(pooled[key]?["low"]?.double), try #require(pooled[key]?["high"]?.double)
      )
      #expect(0 <= low && low <= share && share <= high && high <= 1 && low < high)
    }
    #expect(try world.bytes("answers").split(separator: UInt8(ascii: "\n")).count == 4)
  }

  /// Rows of a table are relations by their column.
  @Test func aTableOfRelations() throws {
    let world = try world()
    let rows = (0..<10).map { "first,france\($0),paris\nsecond,italy\($0),rome" }.joined(separator: "\n")
    try world.folder.write("relation,subject,object\n" + rows, to: "table.csv")
    let result = try world.json("evaluate", "--model", "model", "--facts", "table.csv", "--prompt", "prompts")
    #expect(result["relations"]?.array?.compactMap { $0["relation"]?.string } == ["first", "second"])
  }

  @Test func whatIsLackingIsSaid() throws {
    let world = try world()
    try FileManager.default.removeItem(at: world.folder.url.appending(path: "prompts/second.safetensors"))
    try world.folder.write(world.bytes("prompts/first.safetensors"), to: "prompts/third.safetensors")
    let outcome = try world.run(
      "evaluate", "--model", "model", "--facts", "relations", "--prompt", "prompts/")
    #expect(outcome.status == 0 && outcome.output.contains("3 facts"), "\(outcome)")
    #expect(
      outcome.errors.contains("1 of 2 relations have no prompt and are not asked."), "\(outcome.errors)")
    #expect(outcome.errors.contains("1 of 2 prompts have no facts and are not used."), "\(outcome.errors)")
    #expect(outcome.output.contains("95 % intervals (Wilson) over the facts"), "\(outcome.output)")
  }

  /// The line of a result says how, and what its number is; the time of several is said once.
  @Test func linesOfTransfers() throws {
    let world = try world()
    let carry = ["transfer", "--from", "model=prompts", "--to", "other", "-o", "carried/"]
    let lines = try Command.run(carry + ["--method", "relative"], in: world.folder.url).output.split(
      separator: "\n")
    #expect(lines.count == 3, "\(lines)")
    for (name, line) in zip(["first", "second"], lines) {
      #expect(
        line.hasPrefix("carried/\(name).safetensors: relative (exact search), 11 anchors, mean cosine of "))
      #expect(!line.hasSuffix(" s"))
    }
    #expect(lines.last?.hasPrefix("2 prompts, ") == true)
  }
}
