import Foundation
import LanguageModels
import PromptTransfer
import TestSupport
import Testing
import Tokenization

@Suite struct TemplateTests {
  @Test(arguments: [
    ("[X] [V]*5 [Y] .", 5), ("[X] [V1] [V2] [V3] [Y] .", 3), ("[X] was born in [Y] .", 0),
    ("[V]*2 [X] [V] [Y]", 3),
    ("[Y] is [X]", 0), ("[X] [X2] [V]*2 [Y]", 2),
  ])
  func countsItsVectors(_ text: String, _ count: Int) throws {
    #expect(try Template(text).vectorCount == count)
  }

  @Test(arguments: [
    ("[V]*5 [Y] .", "has no [X]"), ("[X] [V]*5 .", "has no [Y]"), ("[X] [X] [Y]", "has [X] 2 times"),
    ("[X] [X2] [X2] [Y]", "has [X2] twice"), ("[X2] [Y]", "has no [X]"),
    ("[X] [V]*0 [Y]", "a number from 1 to 512"), ("[X] [V]* [Y]", "a number from 1 to 512"),
    ("[X] [V2] [Y]", "where [V1] should"), ("[X] [Z] [Y]", "[Z] is no known place"), ("", "has no [X]"),
  ])
  func refuses(_ text: String, _ problem: String) {
    let error = #expect(throws: TransferError.self) { try Template(text) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "no error")")
  }

  /// Linear in its length: brackets that nothing closes, and marks that a comparison of characters would sort.
  @Test func longTextsAreReadAtOnce() throws {
    let brackets = String(repeating: "[", count: 200_000)
    let marks = String(repeating: "\u{301}\u{327}", count: 200_000)
    #expect(try Template("[X] [V] [Y] \(brackets)").description.hasSuffix("[["))
    #expect(try Template("[X] [V] a\(marks) [Y]").vectorCount == 1)
    #expect(try Template("[X]\u{301} [V]\u{301} [Y]").vectorCount == 1)
  }

  @Test func splicesByPosition() throws {
    let world = try TinyWorld()
    let model = try world.model("model")
    let set = try TinyWorld.evaluator(model).prepare(
      [TinyWorld.facts[0]], template: try Template("the [X] [V]*2 [Y] ."))
    func id(_ token: String) throws -> PromptedInput.Element {
      .token(try #require(model.tokenizer.id(of: token)))
    }
    #expect(
      try set.inputs[0].elements == [
        id("[CLS]"), id("the"), id("france"), .vector(0), .vector(1), id("[MASK]"), id("."), id("[SEP]"),
      ])
    #expect(set.inputs[0].readPosition == 5)
  }

  /// Byte-level vocabularies see spaces: next to vectors and before the mask they do not count, after the mask they do.
  @Test func spacesAreThoseOfTheSlowTokenizers() throws {
    let model = try LanguageModel(folder: ZooFixture.folder("roberta-tiny"))
    func tokens(_ template: String) throws -> [String] {
      let set = try Evaluator(
        model: model, candidates: try CandidateVocabulary(["France"], tokenizer: model.tokenizer),
        parallelism: .granted
      ).prepare(
        [Example(relation: "r", subject: "Paris", object: "France")], template: try Template(template))
      return set.inputs[0].elements.map {
        switch $0 {
        case .token(let id): model.tokenizer.token(of: id) ?? "?"
        case .vector(let index): "V\(index + 1)"
        }
      }
    }
    let subject = try model.tokenizer.tokens("Paris")
    #expect(try tokens("[X] [V]*2 [Y] .") == ["<s>"] + subject + ["V1", "V2", "<mask>", "Ġ.", "</s>"])
    #expect(try tokens("[X] is in [Y].") == ["<s>"] + subject + ["Ġis", "Ġin", "<mask>", ".", "</s>"])
    #expect(try tokens("[Y] [V] [X]") == ["<s>", "<mask>", "V1"] + subject + ["</s>"])
  }
}

enum ZooFixture {
  static func folder(_ name: String) -> URL {
    Fixtures.repository.appending(path: "share/promptferry/zoo/\(name)")
  }
  static func task(_ name: String) -> URL {
    Fixtures.repository.appending(path: "share/promptferry/tasks/\(name).json")
  }
  static var atlas: URL { Fixtures.repository.appending(path: "share/promptferry/atlas") }
}
