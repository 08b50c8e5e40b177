import Foundation
import TestSupport
import Testing

/// Models that prompts can be carried to though not all of them is there.
@Suite struct PartialModelTests {
  /// A BERT without its head is inspected as far as it goes, and not run.
  @Test func withoutAHead() throws {
    let world = try World()
    var checkpoint = TinyCheckpoint(vocabulary: 16, positions: 96)
    checkpoint.tensors = checkpoint.tensors.filter { !$0.key.hasPrefix("cls.") }
    checkpoint.rename { $0.replacing("bert.", with: "") }
    try checkpoint.write(to: world.folder.url.appending(path: "other"))
    let card = try world.json("inspect", "other")
    #expect(card["embeddingWidth"]?.int == 8 && card["network"] == nil)
    #expect(card["notRun"]?.string?.contains("its head included") == true)
    #expect(try world.run("inspect", "other").output.contains("it is not run here ("))
    let outcome = try world.run("evaluate", "--model", "other", "--template", "[X] [Y]", "--facts", "facts")
    #expect(outcome.status == 1 && outcome.errors.contains("head"))
  }

  /// A special token without a row is no anchor, and nothing else; a mask without one ends what needs it.
  @Test func tokensWithoutRows() throws {
    let world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    let words = try world.json("inspect", "other")["singleWords"]?.int
    try world.folder.write(#"{"[EXTRA]": 16, "<image>": 20}"#, to: "other/added_tokens.json")
    let card = try world.json("inspect", "other")
    #expect(card["embeddingRows"]?.int == 16 && card["tokens"]?.int == 21)
    #expect(card["singleWords"]?.int == words)
    let result = try world.json("transfer", "--from", "model=p", "--to", "other", "-o", "q")
    #expect(result["anchorCount"]?.int == words)
    _ = try world.json("evaluate", "--model", "other", "--prompt", "q", "--facts", "facts")
    let text = try world.run(
      "evaluate", "--model", "other", "--template", "<image> [X] [Y]", "--facts", "facts")
    #expect(text.status == 0, "\(text)")
  }

  /// No row stands in for a token without one where the unknown token has none either.
  @Test func anUnknownTokenWithoutARow() throws {
    let world = try World()
    let words = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"] + World.words + ["berlin", "[UNK]", "<image>"]
    let specials = words.enumerated().filter { "[<".contains($1.first ?? " ") }
    func object(_ ids: some Sequence<(offset: Int, element: String)>) -> String {
      ids.map { #""\#($0.element)": \#($0.offset)"# }.joined(separator: ", ")
    }
    let added = specials.map { #"{"id": \#($0.offset), "content": "\#($0.element)", "special": true}"# }
    try FileManager.default.removeItem(at: world.folder.url.appending(path: "other/vocab.txt"))
    try world.folder.write(
      """
      {"added_tokens": [\(added.joined(separator: ", "))], "pre_tokenizer": {"type": "BertPreTokenizer"},
       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                 "max_input_chars_per_word": 100, "vocab": {\(object(words.enumerated()))}}}
      """, to: "other/tokenizer.json")
    try world.folder.write(
      #"{"mask_token": "[MASK]", "unk_token": "[UNK]"}"#, to: "other/tokenizer_config.json")
    let outcome = try world.run(
      "evaluate", "--model", "other", "--template", "<image> unheard [X] [Y]", "--facts", "facts")
    #expect(outcome.status == 0 && outcome.output.contains("3 facts"), "\(outcome)")
  }

  @Test func wordsWithoutRowsAreAnotherModels() throws {
    let world = try World()
    let words = String(decoding: try world.bytes("other/vocab.txt"), as: UTF8.self)
    try world.folder.write(words + "madrid\n", to: "other/vocab.txt")
    let outcome = try world.run("inspect", "other")
    #expect(outcome.status == 1 && outcome.errors.contains("17 ids where the embedding table has 16 rows"))
  }
}
