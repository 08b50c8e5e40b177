import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// A checkpoint of Llama's shape as the target: 128,256 x 4,096 in BF16, in the first of two shards, of which the second is
/// not there. The file is sparse: only the rows of words hold numbers.
@Suite struct LargeTargetTests {
  static let (rows, width) = (128_256, 4096)

  /// Byte-level BPE that looks whole words up first, as Llama 3 does, with a token for each word.
  private func writeTokenizer(_ words: [String], to folder: URL) throws {
    // The printable stand-ins of bytes (GPT-2's `bytes_to_unicode`).
    let plain = Array(33...126) + Array(161...172) + Array(174...255)
    let rest = (0..<256).filter { !plain.contains($0) }
    let scalars = plain.map { UInt32($0) } + rest.indices.map { UInt32(256 + $0) }
    var tokens = scalars.compactMap { Unicode.Scalar($0).map { String(Character($0)) } }
    tokens += words.map { "Ġ" + $0 }
    tokens += (tokens.count..<128_000).map { "<unused \($0)>" }
    let vocabulary = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
    let pattern =
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    let json: [String: Any] = [
      "version": "1.0", "normalizer": NSNull(),
      "added_tokens": [
        [
          "id": 128_000, "content": "<|begin_of_text|>", "single_word": false, "lstrip": false,
          "rstrip": false, "normalized": false, "special": true,
        ]
      ],
      "pre_tokenizer": [
        "type": "Sequence",
        "pretokenizers": [
          ["type": "Split", "pattern": ["Regex": pattern], "behavior": "Isolated", "invert": false],
          ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false],
        ],
      ],
      "post_processor": NSNull(),
      "decoder": ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true],
      "model": [
        "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "continuing_subword_prefix": NSNull(),
        "end_of_word_suffix": NSNull(), "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
        "vocab": vocabulary, "merges": [String](),
      ],
    ]
    try JSONSerialization.data(withJSONObject: json).write(to: folder.appending(path: "tokenizer.json"))
  }

  /// Writes the rows of the words and leaves holes for the others.
  private func writeWeights(_ words: Int, to folder: URL) throws {
    let size = Self.rows * Self.width * 2
    let header =
      "{\"model.embed_tokens.weight\":{\"dtype\":\"BF16\",\"shape\":[\(Self.rows),\(Self.width)],"
      + "\"data_offsets\":[0,\(size)]}}"
    let url = folder.appending(path: "model-00001-of-00002.safetensors")
    try RawSafetensors.file(header).write(to: url)
    let file = try FileHandle(forWritingTo: url)
    try file.truncate(atOffset: UInt64(8 + header.utf8.count + size))
    try file.seek(toOffset: UInt64(8 + header.utf8.count + 256 * Self.width * 2))
    let values = Samples.normal(words * Self.width, "table", deviation: 0.02)
    try values.map { UInt16($0.bitPattern >> 16) }.withUnsafeBytes { try file.write(contentsOf: $0) }
    try file.close()
  }

  @Test func onlyTheTableIsNeeded() throws {
    let world = try World()
    let folder = world.folder.url.appending(path: "llama")
    try world.folder.write(
      #"{"model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "architectures": ["LlamaForCausalLM"]}"#,
      to: "llama/config.json")
    try world.folder.write(
      #"{"weight_map": {"model.embed_tokens.weight": "model-00001-of-00002.safetensors", "lm_head.weight": "model-00002-of-00002.safetensors"}}"#,
      to: "llama/model.safetensors.index.json")
    let words = try String(
      contentsOf: Fixtures.repository.appending(path: "share/promptferry/atlas/common_words.txt"),
      encoding: .utf8
    ).split(separator: "\n").map(String.init)
    try writeTokenizer(words, to: folder)
    try writeWeights(words.count, to: folder)

    _ = try world.json(
      "tune", "--model", "zoo:bert-tiny", "--facts", "atlas:capital", "--epochs", "1", "-o", "p.safetensors")
    let result = try world.json(
      "transfer", "--from", "zoo:bert-tiny=p.safetensors", "--to", "llama", "--method", "relative",
      "--threads", "2", "-o", "q.safetensors")
    let byDefault = try world.json(
      "transfer", "--from", "zoo:bert-tiny=p.safetensors", "--to", "llama", "--threads", "2", "-o",
      "default.safetensors")
    let anchors = try #require(result["anchorCount"]?.int)
    #expect(anchors == words.count)
    #expect(result["objective"]?.double ?? 0 > 0.5)
    // The table alone would be 2.1 GB as Float32. What is held is the anchors' rows, and 64 MB for all else: the binary,
    // both tokenizers, the source's table.
    let memory = try #require(result["peakMemoryBytes"]?.int)
    #expect(Double(memory) < 1.3 * Double(anchors * Self.width * 4) + 64e6, "\(memory)")
    // The canonical map holds the target's covariance instead, whatever the number of anchors.
    let least = try #require(byDefault["peakMemoryBytes"]?.int)
    #expect(Double(least) < 1.1 * Double(Self.width * Self.width * 8) + 96e6, "\(least)")
    #expect(try world.json("inspect", "q.safetensors")["width"]?.int == Self.width)
    let card = try world.json("inspect", "llama")
    #expect(card["embeddingRows"]?.int == Self.rows && card["network"] == nil)
    let refused = try world.run(
      "evaluate", "--model", "llama", "--prompt", "q.safetensors", "--facts", "facts")
    #expect(refused.status == 1 && refused.errors.contains("num_hidden_layers: is missing"))
  }
}
