import Formats
import Foundation
import TestSupport
import Testing

/// GGUF files wherever a MODEL is asked for.
@Suite struct GGUFCommandTests {
  private let world: World

  init() throws {
    world = try World()
    try world.folder.write(Self.file(architecture: "gemma-of-tomorrow").bytes, to: "target.gguf")
    try world.folder.write(Self.file(architecture: "bert").bytes, to: "encoder.gguf")
  }

  /// A table of the world's words and a WordPiece tokenizer; of a BERT also what its configuration needs.
  private static func file(architecture: String) -> RawGGUF {
    let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    var file = RawGGUF(architecture: architecture)
    file.set("tokenizer.ggml.model", "bert")
    file.set("tokenizer.ggml.tokens", specials + World.words.map { "\u{2581}" + $0 })
    for (key, value) in [
      ("embedding_length", 4), ("block_count", 1), ("feed_forward_length", 8), ("attention.head_count", 1),
      ("context_length", 16), ("attention.layer_norm_epsilon", 1),
    ] as [(String, UInt32)] { file.set("\(architecture).\(key)", value) }
    let rows = (0..<specials.count + World.words.count).map { row -> [Float] in
      [1, 4, 7, 10].map { (place: Int) -> Float in sin(Float(7 * row + place)) }
    }
    file.add("token_embd.weight", rows)
    return file
  }

  @Test func inspect() throws {
    let card = try world.json("inspect", "target.gguf")
    #expect(card["model"]?.string == "target.gguf" && card["kind"]?.string == "causal")
    #expect(card["gguf"]?["architecture"]?.string == "gemma-of-tomorrow")
    #expect(card["gguf"]?["types"]?["F32"]?.int == 1 && card["gguf"]?["tokenizer"]?.string == "bert")
    #expect(card["embeddingTensor"]?.string == "token_embd.weight" && card["inputScale"]?.double == 2)
    #expect(card["network"] == nil && card["embeddingRows"]?.int == World.words.count + 5)
    // An encoder's file has no head: nothing is run.
    let encoder = try world.json("inspect", "encoder.gguf")
    #expect(encoder["network"] == nil)
    #expect(encoder["embeddingTensor"]?.string == "bert.embeddings.word_embeddings.weight")
    #expect(try world.run("inspect", "target.gguf").output.contains("file         GGUF version 3"))
    #expect(try world.json("inspect", "target.gguf", "model")["sharedWords"]?.int ?? 0 >= 8)
  }

  @Test func asTargetAndAsSource() throws {
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p.safetensors")
    let carried = try world.json(
      "transfer", "--from", "model=p.safetensors", "--to", "target.gguf", "-o", "q.safetensors")
    #expect(carried["target"]?.string == "target.gguf")
    let card = try world.json("inspect", "q.safetensors", "--model", "target.gguf")
    #expect(card["width"]?.int == 4 && card["provenance"]?["inputScale"]?.string == "2.0")
    let back = try world.json(
      "transfer", "--from", "target.gguf=q.safetensors", "--to", "other", "-o", "r.safetensors")
    #expect(back["target"]?.string == "other")
    // Another model's table refuses it.
    #expect(try world.run("inspect", "q.safetensors", "--model", "model").status == 1)
  }

  @Test(arguments: [
    (["inspect", "nothing.gguf"], "nothing.gguf: is not there"),
    (["inspect", "words.gguf"], "words.gguf: does not begin with GGUF"),
    (
      ["evaluate", "--model", "target.gguf", "--template", "[X] [Y]", "--facts", "facts"], "is not supported"
    ),
    (["inspect", "hf:org"], "is not in the cache"),
    (["inspect", "hf:a//b"], "hf:a//b: is no id of the Hub"),
  ])
  func mistakes(_ arguments: [String], _ message: String) throws {
    try world.folder.write("these are no words", to: "words.gguf")
    let outcome = try Command.run(
      arguments, in: world.folder.url,
      environment: ["HF_HUB_OFFLINE": "1", "HF_HOME": world.folder.url.path + "/hf"])
    #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome.errors)")
  }

  /// One file of a repository, fetched by its name.
  @Test func ofTheHub() throws {
    let server = try HubServer()
    var repository = HubRepository()
    repository.add("sub/target.gguf", try world.bytes("target.gguf"), isLarge: true)
    repository.add("README.md", "x")
    server.set(repository, as: "org/quants")
    func run(_ arguments: String...) throws -> Command.Outcome {
      try Command.run(
        arguments, in: world.folder.url,
        environment: [
          "HF_HOME": world.folder.url.path + "/hf", "HF_ENDPOINT": server.endpoint, "HF_HUB_OFFLINE": "0",
        ])
    }
    let outcome = try run("inspect", "hf:org/quants/sub/target.gguf", "--json", "--quiet")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let card = try JSON.parse(Data(outcome.output.utf8))
    #expect(card["model"]?.string == "org/quants/sub/target.gguf")
    #expect(card["commit"]?.string == String(repeating: "a", count: 40))
    #expect(!server.requests.contains { $0.path.contains("README") })
    // What is there is not fetched again; what is not there is said, with what is.
    let requests = server.requests.count
    #expect(
      try run("fetch", "hf:org/quants/sub/target.gguf@\(String(repeating: "a", count: 40))").status == 0)
    #expect(server.requests.count == requests)
    let missing = try run("inspect", "hf:org/quants/other.gguf")
    #expect(missing.status == 1 && missing.errors.contains("It holds sub/target.gguf"), "\(missing.errors)")
    let whole = try run("inspect", "hf:org/quants")
    #expect(whole.errors.contains("hf:org/quants/sub/target.gguf"), "\(whole.errors)")
  }
}
