import Checkpoints
import Formats
import Foundation
import LanguageModels
import TestSupport
import Testing

/// What is written has the shapes that other programs look for: what they take for a vector has one dimension.
@Suite struct WrittenShapesTests {
  private func shapes(_ url: URL) throws -> [String: [Int]] {
    let file = try SafetensorsFile(url)
    return Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0.shape) })
  }

  /// `transformers` refuses a norm or a bias of the shape (1, N).
  @Test func theBenchmarksCheckpoint() throws {
    let world = try World()
    let outcome = try Command.run(
      [
        "checkpoint", "made", "--vocabulary", "model/vocab.txt", "--layers", "2", "--width", "8", "--heads",
        "2", "--rows", "40",
      ], in: world.folder.url, executable: Command.products.appending(path: "promptferry-bench"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    let made = world.folder.url.appending(path: "made")
    let found = try shapes(made.appending(path: "model.safetensors"))
    for (name, shape) in found {
      let isVector = name.hasSuffix(".bias") || name.contains("LayerNorm")
      #expect(shape.count == (isVector ? 1 : 2), "\(name) \(shape)")
    }
    #expect(found["bert.encoder.layer.1.intermediate.dense.bias"] == [32])
    #expect(found["cls.predictions.bias"] == [40])
    #expect(try FrozenModel(folder: made).configuration.layerCount == 2)
    _ = try world.json("evaluate", "--model", "made", "--template", "[X] is [Y]", "--facts", "facts")
  }

  @Test func everyFormOfAPrompt() throws {
    let world = try World()
    _ = try world.json(
      "tune", "--model", "zoo:gpt2-small", "--facts", "atlas:capital", "--template", "[V]*3 [X] is [Y]",
      "--epochs", "1", "--facts-limit", "4", "-o", "p.safetensors")
    let width = try #require(try world.json("inspect", "p.safetensors")["width"]?.int)
    #expect(try shapes(world.folder.url.appending(path: "p.safetensors")) == ["vectors": [3, width]])
    for (form, output) in [("peft", "adapter"), ("npy", "p.npy"), ("checkpoint", "grown")] {
      let model = form == "npy" ? [] : ["--model", "zoo:gpt2-small"]
      _ = try world.json(["convert", "p.safetensors", "--to", form, "-o", output] + model)
    }
    let adapter = world.folder.url.appending(path: "adapter/adapter_model.safetensors")
    #expect(try shapes(adapter) == ["prompt_embeddings": [3, width]])
    #expect(
      String(decoding: try world.bytes("p.npy").prefix(128), as: UTF8.self).contains("'shape': (3, \(width))")
    )
    // As in the model that they come from, but for the words that were added.
    let source = Fixtures.repository.appending(path: "share/promptferry/zoo/gpt2-small/model.safetensors")
    let (before, after) = (
      try shapes(source), try shapes(world.folder.url.appending(path: "grown/model.safetensors"))
    )
    #expect(before.keys.sorted() == after.keys.sorted())
    for (name, shape) in before where after[name] != shape {
      #expect(after[name]?.dropFirst() == shape.dropFirst() && name.contains("wte"), "\(name)")
    }
    for form in ["adapter", "p.npy"] {
      let card = try world.json("inspect", form)
      #expect(card["vectorCount"]?.int == 3 && card["width"]?.int == width, "\(form)")
    }
    _ = try world.json("inspect", "grown")
  }
}
