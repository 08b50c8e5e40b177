import LanguageModels
import Tensors

/// Words that the sources' vectors started from before they learned, in the sources and in the target.
struct KeptStarts: Sendable {
  /// As a prompt file names it: `template:TEXT`.
  let name: String
  /// (P, Cs) for each source.
  let sources: [Matrix]
  /// (P, Ct)
  let target: Matrix

  /// Nil where a prompt's file does not name words, sources started from others, or the words are not known to each model as the same
  /// number of tokens.
  /// - Parameter prompts: one of each source; none where only vectors are known
  init?(_ prompts: [SoftPrompt], _ words: SharedVocabulary) {
    let names = Set(prompts.map { $0.provenance["start"] })
    guard let first = prompts.first, names.count == 1, let name = names.first.flatMap(\.self),
      case .words(let manual) = try? PromptStart(name: name)
    else { return nil }
    let spaces = (words.sources + [words.target]).map(\.space)
    guard let ids = try? spaces.map({ try manual.wordIds(tokenizer: $0.tokenizer) }) else { return nil }
    let isKnown = zip(spaces, ids).allSatisfy { space, ids in
      !ids.contains { $0 == space.tokenizer.unknown }
    }
    guard isKnown, Set(ids.map(\.count)).count == 1,
      let rows = try? spaces.map({ try $0.start(from: manual, vectorCount: first.vectors.rows) })
    else { return nil }
    self.name = name
    (sources, target) = (Array(rows.dropLast()), rows[rows.count - 1])
  }
}
