import Foundation
import TestSupport
import Testing
import Tokenization

/// What the files beside a vocabulary say counts as in transformers 5: its class decides, and its settings come first.
@Suite struct SideFileTests {
  private static let words = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "paris", "Paris", "cafe", "café", "中国", "中", "国", "<x>",
  ]

  /// A tokenizer.json of BERT's kind without added tokens.
  private func tokenizer(
    _ config: String?, normalizer: String? = nil, files: [String: String] = [:]
  ) throws -> Tokenizer {
    let folder = try TemporaryFolder()
    let vocabulary = Self.words.enumerated().map { #""\#($1)": \#($0)"# }.joined(separator: ",")
    let own =
      normalizer
      ?? #"{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":false}"#
    try folder.write(
      #"{"version":"1.0","added_tokens":[],"normalizer":\#(own),"pre_tokenizer":{"type":"BertPreTokenizer"},"#
        + #""model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{\#(vocabulary)}}}"#,
      to: "tokenizer.json")
    if let config { try folder.write(config, to: "tokenizer_config.json") }
    for (name, text) in files { try folder.write(text, to: name) }
    return try Tokenizer(folder: folder.url)
  }

  @Test(arguments: [
    (#""do_lower_case": false"#, ["Paris", "café", "中", "国"]),
    (#""do_lower_case": true"#, ["paris", "cafe", "中", "国"]),
    (#""tokenizer_file": null"#, ["paris", "cafe", "中", "国"]),  // the class lower-cases where nothing is said
    (#""do_lower_case": false, "strip_accents": true"#, ["Paris", "cafe", "中", "国"]),
    (#""do_lower_case": true, "strip_accents": false"#, ["paris", "café", "中", "国"]),
    (#""do_lower_case": false, "tokenize_chinese_chars": false"#, ["Paris", "café", "中国"]),
  ])
  func settingsOfAClassCount(_ settings: String, _ tokens: [String]) throws {
    for name in ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizer"] {
      let tokenizer = try tokenizer(#"{"tokenizer_class": "\#(name)", \#(settings)}"#)
      #expect(try tokenizer.tokens("Paris café 中国") == tokens)
    }
  }

  /// Its settings mean nothing to a class that takes the file as it stands.
  @Test func theFileCountsWithoutAClass() throws {
    let config = #"{"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": true}"#
    #expect(try tokenizer(config).tokens("Paris café") == ["Paris", "café"])
    #expect(try tokenizer(nil).tokens("Paris café") == ["Paris", "café"])
  }

  @Test(arguments: [
    ("special_tokens_map.json", #"{"mask_token": "[MASK]", "additional_special_tokens": ["<x>"]}"#),
    ("special_tokens_map.json", #"{"mask_token": {"content": "[MASK]"}, "extra_special_tokens": ["<x>"]}"#),
    (
      "tokenizer_config.json",
      #"{"mask_token": "[MASK]", "added_tokens_decoder": {"12": {"content": "<x>", "special": true}}}"#
    ),
  ])
  func tokensThatOnlySideFilesName(_ file: String, _ text: String) throws {
    let tokenizer = try tokenizer(nil, files: [file: text])
    #expect(tokenizer.mask == 4)
    #expect(tokenizer.specialIds.isSuperset(of: [4, 12]))
    #expect(try tokenizer.encode("Paris<x>[MASK]", addingSpecialTokens: false) == [6, 12, 4])
  }

  /// The ids that tokenizers 0.23.3 gives, whatever the file says: from the number of the vocabulary's tokens on.
  @Test(arguments: [
    (#""a":1"#, [10, 12], [2, 3]), (#""a":1"#, [3, 2], [2, 3]), (#""a":1,"b":5"#, [6, 7], [3, 4]),
    (#""a":1,"b":5"#, [3, 6], [3, 4]), (#""a":1"#, [1, 1], [2, 3]), (#""a":1,"<x>":4"#, [9, 9], [4, 3]),
  ])
  func addedTokensFollowTheVocabulary(_ words: String, _ stated: [Int], _ ids: [Int]) throws {
    let folder = try TemporaryFolder()
    let tokens = zip(["<x>", "<y>"], stated).map { #"{"id":\#($1),"content":"\#($0)","special":true}"# }
    try folder.write(
      #"{"version":"1.0","added_tokens":[\#(tokens.joined(separator: ","))],"pre_tokenizer":{"type":"Whitespace"},"#
        + #""model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,\#(words)}}}"#,
      to: "tokenizer.json")
    let tokenizer = try Tokenizer(folder: folder.url)
    #expect(["<x>", "<y>"].map(tokenizer.id(of:)) == ids)
    #expect(try tokenizer.encode("a <x> <y>") == [1] + ids)
  }

  @Test func aClassHasItsOwnMask() throws {
    #expect(try tokenizer(#"{"tokenizer_class": "BertTokenizer"}"#).mask == 4)
    #expect(try tokenizer(nil).mask == nil)
    let further = try tokenizer(nil, files: ["special_tokens_map.json": #"{"pad_token": "<pad>"}"#])
    #expect(further.id(of: "<pad>") == 13 && further.vocabularySize == 14)
  }

  private func refusal(_ files: [String: String]) throws -> String {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(text, to: name) }
    return try #require(throws: TokenizationError.self) { try Tokenizer(folder: folder.url) }.description
  }

  @Test(arguments: [
    "BertJapaneseTokenizer", "RoFormerTokenizer", "BertweetTokenizer", "PhobertTokenizer", "EsmTokenizer",
    "SomeonesTokenizer",
  ])
  func otherVocabulariesAreRefusedByName(_ name: String) throws {
    let vocabulary = ["vocab.txt": Self.words.joined(separator: "\n")]
    for file in ["tokenizer_config.json", "config.json"] {
      let message = try refusal(
        vocabulary.merging([file: #"{"tokenizer_class": "\#(name)"}"#]) { first, _ in first })
      #expect(message.contains(name) && message.contains("vocab.txt") && message.contains("save_pretrained"))
    }
  }

  @Test func mergesOfOtherKindsAreRefused() throws {
    let words = Self.words.joined(separator: "\n")
    #expect(try refusal(["vocab.txt": words, "bpe.codes": "a b 1\n"]).contains("bpe.codes"))
    #expect(
      try refusal(["vocab.json": #"{"a</w>": 0}"#, "merges.txt": ""]).contains("tokens that end in </w>"))
    for type in ["herbert", "biogpt", "clip", "qwen2", "deberta"] {
      let message = try refusal([
        "vocab.json": #"{"a": 0}"#, "merges.txt": "", "config.json": #"{"model_type": "\#(type)"}"#,
      ])
      #expect(message.contains("Tokenizer") && message.contains("vocab.json"))
    }
  }

  @Test(arguments: ["spm.model", "source.spm", "prophetnet.tokenizer", "qwen.tiktoken", "tekken.json"])
  func filesOfOtherKindsAreNamed(_ name: String) throws {
    let message = try refusal([name: "x", "config.json": #"{"model_type": "deberta-v2"}"#])
    #expect(message.contains("\(name), which DebertaV2Tokenizer reads"))
    #expect(message.contains("tokenizer.json with AutoTokenizer"))
  }

  @Test func aPointerIsToldFromATokenizer() throws {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    for name in ["tokenizer.json", "vocab.txt", "spiece.model", "tokenizer_config.json"] {
      #expect(try refusal([name: pointer]).contains("Git LFS pointer"))
    }
  }

  /// RoBERTa's `add_prefix_space` is the class's, too.
  @Test(arguments: [true, false]) func prefixSpace(_ adds: Bool) throws {
    let folder = try TemporaryFolder()
    try folder.write(
      #"{"version":"1.0","pre_tokenizer":{"type":"ByteLevel","add_prefix_space":\#(!adds),"trim_offsets":true},"#
        + #""model":{"type":"BPE","vocab":{"a":0,"Ġ":1,"Ġa":2},"merges":["Ġ a"]}}"#, to: "tokenizer.json")
    try folder.write(
      #"{"tokenizer_class": "RobertaTokenizer", "add_prefix_space": \#(adds)}"#, to: "tokenizer_config.json")
    #expect(try Tokenizer(folder: folder.url).tokens("a") == (adds ? ["Ġa"] : ["a"]))
  }
}
