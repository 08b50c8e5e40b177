import ArgumentParser
import Foundation
import PromptTransfer

/// What answers are looked for among, of the verbs that ask.
struct AnswerOptionsGroup: ParsableArguments {
  @Option(
    help: """
      Words among which answers are looked for, one a line (default: all whole words; where answers are texts, the objects of the \
      relation in all splits).
      """,
    completion: .file())
  var vocabulary: String?
  @Option(
    help: """
      What answers are: `single` words of one token, as in LAMA (facts with other objects are left out); `text`s of any number of tokens, \
      compared as whole sentences; `auto`: single where all objects are, else texts.
      """)
  var answers = AnswerForm.auto
  @Option(
    help: """
      How masked models are asked for texts: hiding the rest of the `word` or of the `answer` while its tokens are asked for one by one, \
      or all at `once`, one pass for each length.
      """)
  var masking = AnswerMasking.word

  /// Asks the model what the examples ask.
  func evaluator(
    _ sets: [Dataset], _ model: LanguageModel, asking examples: [Example], measures: Bool = false,
    _ common: CommonOptions
  ) throws -> Evaluator {
    if let vocabulary, let task = sets.lazy.compactMap(\.task).first {
      throw TransferError(
        "--vocabulary \(vocabulary)", "has no place beside the label words of \(task.description.name)")
    }
    let words = try vocabulary.map { try CandidateVocabulary.readWords(URL(fileURLWithPath: $0)) }
    return try common.lookingUp("words of \(model.name)") { progress, shouldStop in
      try Dataset.evaluator(
        sets, model, asking: examples, answers: answers, words: words, masking: masking, measures: measures,
        parallelism: common.parallelism, progress: progress, shouldStop: shouldStop)
    }
  }

  /// What is said where `auto` finds texts.
  func note(_ evaluator: Evaluator, _ model: LanguageModel) -> String? {
    guard answers == .auto, evaluator.areTexts else { return nil }
    return "Some objects are several tokens of \(model.name): answers are texts, out of at most "
      + "\(evaluator.candidateCount). --answers single leaves those facts out, and is faster."
  }
}

extension AnswerForm: ExpressibleByArgument {}
extension AnswerMasking: ExpressibleByArgument {}
