import Foundation
import PromptTransfer

/// How a setting is chosen, where it is.
extension TransferCommand {
  /// - Parameters:
  ///   - prompts: for each prompt to be written the sources' own
  ///   - sources: where answers are compared
  func selection(
    _ prompts: [[SoftPrompt]], _ places: PromptPlaces, _ sources: [LanguageModel], _ target: LanguageModel?,
    _ interruption: Interruption
  ) async throws -> Selection? {
    if let target {
      return .answers(try agreements(prompts, places, sources, target))
    }
    guard selection.select == .dev else { return selection.select.map { _ in .words } }
    return .answers([try await developmentFacts(prompts[0][0].template, interruption)])
  }

  /// For each prompt how the target's answers agree with the sources'.
  private func agreements(
    _ prompts: [[SoftPrompt]], _ places: PromptPlaces, _ sources: [LanguageModel], _ target: LanguageModel
  ) throws -> [Agreement] {
    let data = try Location.dataset(selection.subjects ?? "")
    let subjects = try places.datasets(data).map {
      try $0.unlabelled(Agreement.subjectLimit, seed: common.seed)
    }
    try data.requireLabels(in: sources.map(\.space) + [target.space])
    let words = data.comparedWords(
      try selection.vocabulary.map { try CandidateVocabulary.readWords(URL(fileURLWithPath: $0)) })
    let compared = try common.lookingUp("words of \(target.name)") { progress, shouldStop in
      try ComparedWords(sources, target: target, words: words, progress: progress, shouldStop: shouldStop)
    }
    let agreements = try zip(prompts, subjects).map { prompts, subjects in
      let teachers = try from.indices.map {
        try Teacher(model: sources[$0], prompt: prompts[$0], weight: from[$0].weight)
      }
      let agreement = try Agreement(
        teachers, over: compared, subjects: subjects,
        measure: selection.select == .divergence ? .divergence : .agreement,
        parallelism: common.parallelism, shouldStop: { Interruption.shared.isRequested })
      guard let agreement else { throw Interruption.shared.exit }
      return agreement
    }
    let truncated = agreements.reduce(0) { $0 + $1.truncatedCount }
    if truncated > 0 { common.note("\(truncated) texts were cut to the model's positions.") }
    return agreements
  }

  /// The target's answers to development facts.
  private func developmentFacts(_ template: Template, _ interruption: Interruption) async throws
    -> DevSelection
  {
    let data = try Location.dataset(selection.facts ?? "")
    let model = try await common.model(to, .model, interruption).languageModel(
      computing.computing)
    let evaluator = Evaluator(
      model: model,
      candidates: try data.candidates(listedIn: selection.vocabulary, space: model.space, common),
      parallelism: common.parallelism)
    return try DevSelection(evaluator, facts: evaluator.prepare(data.read(.dev).examples, template: template))
  }
}
