import Foundation
import TestSupport
import Testing

/// Every prompt of a folder distilled by one command.
@Suite struct DistilFolderTests {
  let world: World

  /// Two relations, and a prompt of each in `prompts` and `starts`.
  init() throws {
    world = try World()
    for relation in ["one", "two"] {
      for split in ["train", "dev", "test"] {
        let text = String(decoding: try world.bytes("facts/\(split).jsonl"), as: UTF8.self)
        let lines = text.split(separator: "\n")
        let own = relation == "one" ? lines : Array(lines.reversed().dropLast())
        try world.folder.write(own.joined(separator: "\n"), to: "relations/\(relation)/\(split).jsonl")
      }
    }
    _ = try world.json("tune", "--model", "model", "--facts", "relations", "--epochs", "1", "-o", "prompts/")
    _ = try world.json("transfer", "--from", "model=prompts/", "--to", "other", "-o", "starts/")
  }

  private let distil = ["distil", "--to", "other", "--epochs", "2"]

  @Test func eachIsAsItIsAlone() throws {
    let found = try world.json(
      distil + ["--from", "model=prompts/", "--facts", "relations", "--start", "starts/", "-o", "out/"])
    let prompts = try #require(found["prompts"]?.array)
    #expect(prompts.compactMap { $0["output"]?.string } == ["out/one.safetensors", "out/two.safetensors"])
    #expect(found["interrupted"]?.bool == false)
    for (name, prompt) in zip(["one", "two"], prompts) {
      let alone = try world.json(
        distil + ["--from", "model=prompts/\(name).safetensors", "--facts", "relations/\(name)"]
          + ["--start", "starts/\(name).safetensors", "-o", "alone"])
      #expect(alone["bestDevDivergence"]?.double == prompt["bestDevDivergence"]?.double)
      #expect(try world.bytes("alone") == world.bytes("out/\(name).safetensors"), "\(name)")
    }
    #expect(try world.bytes("out/one.safetensors") != world.bytes("out/two.safetensors"))
  }

  @Test func aPromptWithoutStartOrSubjectsIsNamed() throws {
    try FileManager.default.removeItem(at: world.folder.url.appending(path: "starts/two.safetensors"))
    let start = try Command.run(
      distil + ["--from", "model=prompts/", "--facts", "relations", "--start", "starts/", "-o", "out/"],
      in: world.folder.url)
    #expect(start.status == 1 && start.errors.contains("starts/two.safetensors: is not there"), "\(start)")
    let facts = try Command.run(
      distil + ["--from", "model=prompts/", "--facts", "facts", "-o", "out/"],
      in: world.folder.url)
    #expect(facts.status == 1 && facts.errors.contains("has no facts for the prompt one"), "\(facts)")
    #expect(try world.snapshot().keys.filter { $0.hasPrefix("out/") }.isEmpty)
  }
}
