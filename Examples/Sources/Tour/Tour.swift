import Foundation
import PromptTransfer

/// Tunes a prompt on one model, carries it to another, and asks that one. The argument is `share/promptferry`, with the
/// models and facts that ship with PromptFerry.
@main
struct Tour {
  static func main() async throws {
    guard let share = CommandLine.arguments.dropFirst().first.map({ URL(fileURLWithPath: $0) }) else {
      return print("usage: Tour SHARE")
    }
    let source = try LanguageModel(folder: share.appending(path: "zoo/bert-small"))
    let target = try LanguageModel(folder: share.appending(path: "zoo/roberta-small"))
    let facts = Dataset.facts(share.appending(path: "atlas/data/city"))

    let prompt = try await source.tune(on: facts)
    let carried = try await prompt.transfer(from: source, to: target)
    let answers = try await target.evaluate(carried, on: facts)
    print("carried prompt: ", answers.macroAccuracy)

    let manual = try await target.evaluate(Template("[X] is located in [Y] ."), on: facts)
    print("manual template:", manual.macroAccuracy)
    for (index, words) in try target.space.nearestWords(to: carried, count: 3).enumerated() {
      print("V\(index + 1) is near", words.map(\.word).joined(separator: ", "))
    }
  }
}
