import LanguageModels
import Tokenization

/// Examples made ready for one model: inputs, and the column of the right answer among the candidates.
public struct ProbingSet: Sendable {
  /// What was left out, and why.
  public struct Skipped: Sendable, Codable, Equatable {
    /// Objects that are not one token of the model, or no candidates.
    public var objectNotACandidate = 0
    /// Sentences without any token.
    public var empty = 0
    /// Sentences longer than the model's positions.
    public var tooLong = 0

    public init() {}

    /// Both together.
    package static func + (first: Skipped, second: Skipped) -> Skipped {
      var sum = first
      sum.objectNotACandidate += second.objectNotACandidate
      sum.empty += second.empty
      sum.tooLong += second.tooLong
      return sum
    }
  }

  public let examples: [Example]
  public let inputs: [PromptedInput]
  public let labels: [Int]
  public let skipped: Skipped
  /// How many inputs have a text that was cut to the model's positions.
  public let truncatedCount: Int

  init(
    _ examples: [Example], template: Template, model: LanguageModel, candidates: CandidateVocabulary
  ) throws(TransferError) {
    var skipped = Skipped()
    var kept: [Example] = []
    var inputs: [PromptedInput] = []
    var labels: [Int] = []
    var truncatedCount = 0
    let limit = model.network.configuration.longestSequence
    for example in examples {
      guard let column = try candidates.column(example.object, tokenizer: model.tokenizer) else {
        skipped.objectNotACandidate += 1
        continue
      }
      guard
        var input = try template.input(example, tokenizer: model.tokenizer, answer: model.answer)
      else {
        skipped.empty += 1
        continue
      }
      if candidates.answers == .labels, input.elements.count > limit,
        let cut = try template.cutInput(
          example, tokenizer: model.tokenizer, answer: model.answer, limit: limit)
      {
        input = cut
        truncatedCount += 1
      }
      guard input.elements.count <= limit else {
        skipped.tooLong += 1
        continue
      }
      kept.append(example)
      inputs.append(input)
      labels.append(column)
    }
    self.examples = kept
    self.inputs = inputs
    self.labels = labels
    self.skipped = skipped
    self.truncatedCount = truncatedCount
  }
}
