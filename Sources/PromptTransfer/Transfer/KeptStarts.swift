import LanguageModels
import Tensors

/// Where the sources' vectors started from before they learned, and the same place in the target.
///
/// A prompt file names its start: the words of a template, or the mean word. What started from random vectors, or does not say from
/// where, counts as started from the mean word; so do words that the models cut into different numbers of tokens.
struct KeptStarts: Sendable {
  /// As a prompt file names it: `mean`, `template:TEXT`.
  let name: String
  /// (P, Cs) for each source.
  let sources: [Matrix]
  /// (P, Ct)
  let target: Matrix

  /// - Parameters:
  ///   - prompts: one of each source; none where only vectors are known
  ///   - vectorCount: P
  init(_ prompts: [SoftPrompt], _ words: SharedVocabulary, vectorCount count: Int) {
    let spaces = (words.sources + [words.target]).map(\.space)
    let names = Set(prompts.map { $0.provenance["start"] })
    let manual = names.count == 1 ? names.first.flatMap(\.self).flatMap(Self.template) : nil
    let found = manual.flatMap { Self.rows(of: $0, spaces, count: count) }
    name = found == nil ? PromptStart.mean.name : manual.map { PromptStart.words($0).name } ?? ""
    let rows =
      found ?? spaces.map { Matrix(rows: count, columns: $0.table.width).addingToRows($0.table.mean()) }
    (sources, target) = (Array(rows.dropLast()), rows[rows.count - 1])
  }

  private static func template(_ name: String) -> Template? {
    let prefix = "template:"
    return name.hasPrefix(prefix) ? try? Template(String(name.dropFirst(prefix.count))) : nil
  }

  /// Nil where the words are not as many tokens everywhere, none at all, or one that a model does not know.
  private static func rows(of manual: Template, _ spaces: [EmbeddingSpace], count: Int) -> [Matrix]? {
    let ids = spaces.map { manual.wordIds(tokenizer: $0.tokenizer) }
    let isKnown = zip(spaces, ids).allSatisfy { space, ids in
      !ids.contains { $0 == space.tokenizer.unknown }
    }
    guard isKnown, Set(ids.map(\.count)).count == 1 else { return nil }
    return try? spaces.map { try $0.start(from: manual, vectorCount: count) }
  }
}
