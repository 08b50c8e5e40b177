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
