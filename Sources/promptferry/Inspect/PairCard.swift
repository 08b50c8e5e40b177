import Formats
import PromptTransfer

/// Which words two models share: those that can be anchors of a transfer between them.
struct PairCard: Encodable {
  let models: [String]
  let sharedWords: Int
  /// Whole words of each model's vocabulary, and some of those that the other one lacks.
  let words: [Int]
  let onlyHere: [[String]]
  let samples: [String]

  init(_ first: EmbeddingSpace, _ second: EmbeddingSpace) throws {
    let shared = try SharedVocabulary(sources: [first], target: second).words
    let own = try [first, second].map { try SharedVocabulary(of: $0).words }
    let isShared = Set(shared)
    models = [first.name, second.name]
    sharedWords = shared.count
    words = own.map(\.count)
    onlyHere = own.map { Self.spread($0.filter { !isShared.contains($0) }, 12) }
    samples = Self.spread(shared, 24)
  }

  /// Some of the words, from all along the alphabet; of those with letters only, which read better.
  private static func spread(_ all: [String], _ count: Int) -> [String] {
    let words = all.filter { $0.count > 1 && $0.allSatisfy(\.isLetter) }
    let kept = min(count, words.count)
    return (0..<kept).map { words[$0 * words.count / kept] }
  }

  var text: String {
    var table = TextTable(["model", "words", "shared %"])
    for (model, count) in zip(models, words) {
      table.add([model, "\(count)", (100 * Double(sharedWords) / Double(max(1, count))).formatted(1)])
    }
    let lacking = zip(models, onlyHere).map {
      VisibleText.line("only \($0): \($1.joined(separator: " "))", limit: 600)
    }
    return """
      \(table)

      \(sharedWords) shared words, such as: \(VisibleText.line(samples.joined(separator: " "), limit: 600))
      \(lacking.joined(separator: "\n"))
      """
  }
}
