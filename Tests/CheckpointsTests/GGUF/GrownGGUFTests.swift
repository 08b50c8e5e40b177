import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// Copies of GGUF files with more tokens.
@Suite struct GrownGGUFTests {
  private static let table = Samples.matrix(6, 32, "table")
  private static let added = Samples.matrix(2, 32, "added")

  private static func rows(_ matrix: Matrix) -> [[Float]] { (0..<matrix.rows).map { Array(matrix.row($0)) } }

  /// Six tokens, the third of which is unknown.
  private func file(_ architecture: String, untied: Bool = false) -> RawGGUF {
    var file = RawGGUF(architecture: architecture)
    file.set("tokenizer.ggml.tokens", ["a", "b", "<unk>", "c", "d", "e"])
    let types = [1, 1, 2, 1, 1, 3].reduce(
      RawGGUF.integer(UInt32(9)) + RawGGUF.integer(UInt32(5)) + RawGGUF.integer(UInt64(6))
    ) { $0 + RawGGUF.integer(Int32($1)) }
    file.metadata.append(("tokenizer.ggml.token_type", types))
    file.set("\(architecture).vocab_size", 6)
    for (key, value) in [
      ("embedding_length", 32), ("block_count", 1), ("feed_forward_length", 32), ("attention.head_count", 1),
      ("context_length", 16),
    ] as [(String, UInt32)] { file.set("\(architecture).\(key)", value) }
    let epsilon = RawGGUF.integer(UInt32(6)) + RawGGUF.integer(Float(1e-5).bitPattern)
    file.metadata.append(("\(architecture).attention.layer_norm_rms_epsilon", epsilon))
    file.add("token_embd.weight", Self.rows(Self.table))
    if untied { file.add("output.weight", Self.rows(Samples.matrix(6, 32, "output"))) }
    file.add("output_norm.weight", [[Float](repeating: 1, count: 32)])
    return file
  }

  private func grown(_ file: RawGGUF, in folder: TemporaryFolder) throws -> GGUFFile {
    let url = folder.url.appending(path: "grown.gguf")
    try GGUFFile(folder.write(file.bytes, to: "model.gguf")).writeCopy(
      to: url, adding: ["[V1]", "[V2]"], rows: Self.added, notes: ["promptferry.text": "x"])
    return try GGUFFile(url)
  }

  @Test(arguments: [("llama", false), ("llama", true), ("gemma", false), ("of-tomorrow", true)])
  func keepsEveryDigit(_ architecture: String, _ isUntied: Bool) throws {
    let folder = try TemporaryFolder()
    let file = try grown(file(architecture, untied: isUntied), in: folder)
    let known = architecture != "of-tomorrow"
    let entry = try #require(file.entry(known ? "model.embed_tokens.weight" : "token_embd.weight"))
    let matrix = try file.matrix(entry)
    #expect(matrix.elements == Self.table.elements + Self.added.elements)
    var tokens: [String] = []
    let hasTokens = try file.metadata.forEachString("tokenizer.ggml.tokens") {
      tokens.append(String(decoding: $0, as: UTF8.self))
    }
    #expect(hasTokens && tokens == ["a", "b", "<unk>", "c", "d", "e", "[V1]", "[V2]"])
    #expect(try file.metadata.numbers("tokenizer.ggml.token_type") == [1, 1, 2, 1, 1, 3, 4, 4])
    #expect(try file.metadata.int("\(architecture).vocab_size") == 8)
    #expect(try file.metadata.string("promptferry.text") == "x")
    // The new tokens answer as the unknown one does; where llama.cpp reads no output matrix, there is none.
    let output = file.entry(known ? "lm_head.weight" : "output.weight")
    #expect((output == nil) == (architecture == "gemma"))
    guard let output else { return }
    let old = isUntied ? Samples.matrix(6, 32, "output") : Self.table
    let unknown = old.rowBlock(2..<3).elements
    #expect(try file.matrix(output).elements == old.elements + unknown + unknown)
  }

  /// Of a table of blocks the rows are what they stand for, and the output matrix is the old table, byte for byte.
  @Test func blocksBecomeNumbers() throws {
    let folder = try TemporaryFolder()
    var model = file("llama")
    let blocks = Data((0..<6 * 34).map { UInt8(truncatingIfNeeded: $0 % 34 == 1 ? 0x20 : $0 % 34) })  // Q8_0
    model.data.replaceSubrange(0..<6 * 32 * 4, with: blocks + Data(count: 6 * 32 * 4 - blocks.count))
    model.tensors[0].type = 8
    // What followed moves up to the next aligned place.
    model.data = blocks + Data(count: (32 - blocks.count % 32) % 32) + model.data.suffix(32 * 4)
    model.tensors[1].offset = UInt64((blocks.count + 31) / 32 * 32)
    let old = try GGUFFile(folder.write(model.bytes, to: "old.gguf"))
    let file = try grown(model, in: folder)
    let table = try old.matrix(#require(old.entry("model.embed_tokens.weight")))
    let entry = try #require(file.entry("model.embed_tokens.weight"))
    #expect(entry.typeName == "F32" && entry.shape == [8, 32])
    #expect(try file.matrix(entry).elements == table.elements + Self.added.elements)
    let output = try #require(file.entry("lm_head.weight"))
    #expect(output.typeName == "Q8_0" && output.shape == [8, 32])
    file.withBytes(output) { #expect(Data($0) == blocks + blocks[68..<102] + blocks[68..<102]) }
  }

  /// Where no types are said all tokens are ordinary, and the last one is the rarest.
  @Test func typesAreAddedWhereThereAreNone() throws {
    let folder = try TemporaryFolder()
    var model = file("llama")
    model.metadata.removeAll { $0.key == "tokenizer.ggml.token_type" }
    let file = try grown(model, in: folder)
    #expect(try file.metadata.numbers("tokenizer.ggml.token_type") == [1, 1, 1, 1, 1, 1, 4, 4])
    let output = try file.matrix(#require(file.entry("lm_head.weight")))
    #expect(output.rowBlock(7..<8) == Self.table.rowBlock(5..<6))
  }

  @Test func refusesTablesWithoutNames() throws {
    let folder = try TemporaryFolder()
    var model = file("llama")
    model.metadata.removeAll { $0.key.hasPrefix("tokenizer.ggml.to") }
    model.set("tokenizer.ggml.tokens", ["a", "b"])
    let error = #expect(throws: CheckpointError.self) { try grown(model, in: folder) }
    #expect(error?.description.contains("does not name each of the 6 rows") == true)
    #expect(try folder.contents == ["model.gguf"])
  }
}
