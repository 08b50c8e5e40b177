import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ConvertTests {
  static let adapters = Fixtures.folder.appending(path: "prompts")

  private func tuned() throws -> World {
    let world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p.safetensors")
    return world
  }

  /// Through NumPy and back the vectors stay, and so do the answers.
  @Test func numpyKeepsThePrompt() throws {
    let world = try tuned()
    let written = try world.json("convert", "p.safetensors", "-o", "p.npy")
    #expect(written["form"]?.string == "npy" && written["vectorCount"]?.int == 5)
    _ = try world.json("convert", "p.npy", "-o", "q.safetensors", "--model", "model")
    _ = try world.json("convert", "q.safetensors", "-o", "q.npy")
    #expect(try world.bytes("q.npy") == world.bytes("p.npy"))
    let scores = try ["p.safetensors", "p.npy", "q.safetensors"].map { name in
      try world.json("evaluate", "--model", "model", "--prompt", name, "--facts", "facts")["relations"]
    }
    #expect(scores[0] == scores[1] && scores[0] == scores[2])
  }

  /// OptiPrompt's ten rows: whoever reads them says how many count.
  @Test func tenRowsCarryOver() throws {
    let world = try tuned()
    _ = try world.json("convert", "p.safetensors", "-o", "ten.npy", "--rows", "10")
    let outcome = try world.run("transfer", "--from", "model=ten.npy", "--to", "other", "-o", "c.safetensors")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("Give the template that says which, such as \"[X] [V]*5 [Y] .\""))
    for (source, output, template) in [
      ("p.safetensors", "a.safetensors", nil), ("ten.npy", "b.safetensors", "[X] [V]*5 [Y] ."),
    ] {
      let outcome = try Command.run(
        ["transfer", "--from", "model=\(source)", "--to", "other", "-o", output]
          + (template.map { ["--template", $0] } ?? []), in: world.folder.url)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let files = try ["a", "b"].map {
      try SafetensorsFile(world.folder.url.appending(path: "\($0).safetensors"))
    }
    let vectors = try files.map { file in
      try file.matrix(try #require(file.entry("vectors")), rows: 5, columns: 6)
    }
    #expect(vectors[0] == vectors[1])
  }

  @Test(arguments: [
    ("convert p.safetensors -o adapter", "--model is missing", 64),
    ("convert p.safetensors -o adapter --model model", "is a masked model, for which PEFT has no prompts", 1),
    ("convert p.safetensors -o grown --to checkpoint --model model", "tokenizer.json", 1),
    ("convert p.safetensors -o p.npy --rows 3", "3 rows do not hold 5 vectors", 1),
    ("convert p.safetensors -o q.safetensors --rows 10", "--rows belongs to .npy files", 64),
    ("convert p.safetensors -o facts --to peft --model model", "is there already and not an empty folder", 1),
    ("convert p.safetensors -o q.npy --model other", "does not belong to other", 1),
    ("convert words.txt -o q.npy", "words.txt", 1), ("convert model -o q.npy", "is not a regular file", 1),
    ("convert PROMPTS/float32.npy -o q.safetensors", "does not say whose embedding table", 1),
    ("convert PROMPTS/prefix-tuning -o q.npy --model model", "PREFIX_TUNING holds keys and values", 1),
    ("convert PROMPTS/prompt-tuning -o q.npy --model model", "vectors have width 36", 1),
    ("transfer --from model=PROMPTS/lora --to other -o q", "LORA changes the model's weights", 1),
    ("evaluate --model model --prompt PROMPTS/prompt-tuning --facts facts", "vectors have width 36", 1),
    ("tune --model model --facts facts --init prompt:PROMPTS/lora -o q", "is no soft prompt", 1),
  ])
  func saysWhatIsWrong(_ line: String, _ problem: String, _ status: Int32) throws {
    let world = try tuned()
    let before = try world.folder.contents
    let arguments = line.replacing("PROMPTS", with: Self.adapters.path).split(separator: " ").map(String.init)
    let outcome = try Command.run(arguments, in: world.folder.url)
    #expect(outcome.status == status)
    #expect(outcome.errors.contains(problem), "\(outcome.errors)")
    #expect(try world.folder.contents == before)
  }
}
