import LanguageModels
import Tokenization

/// Examples made ready for one model: inputs, and the column of the right answer among the candidates.
public struct ProbingSet: Sendable {
  /// What was left out, and why.
  public struct Skipped: Sendable, Codable, Equatable {
    /// Objects that are no candidates: where those are words, all objects that are not one token of the model.
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
  /// Of answers that are words one for each example; none where they are texts, which take several.
  public let inputs: [PromptedInput]
  /// For each example the column of its answer, among the candidates or the texts of its relation.
  public let labels: [Int]
  public let skipped: Skipped
  /// How many inputs have a text that was cut to the model's positions.
  public let truncatedCount: Int
  /// Of answers that are texts, for each example its statements.
  let statements: [Statements]

  init(
    _ examples: [Example], template: Template, model: LanguageModel, space: AnswerSpace,
    masking: AnswerMasking
  ) throws(TransferError) {
    var (skipped, kept, labels): (Skipped, [Example], [Int]) = (Skipped(), [], [])
    var statements: [Statements] = []
    var forms: [String: StatementForm] = [:]
    let isOfOneFact = StatementForm.isOfOneFact(template, model)
    let limit = model.network.configuration.longestSequence
    for example in examples {
      let form: StatementForm
      if let known = forms[example.relation] {
        form = known
      } else {
        let texts = space.texts(of: example.relation)
        form = try StatementForm(
          texts, template: template, fact: example, model: model, masking: masking)
        if !isOfOneFact { forms[example.relation] = form }
      }
      guard let column = try form.options.column(example.object, model: model) else {
        skipped.objectNotACandidate += 1
        continue
      }
      guard let own = try Statements(example, form, template: template, model: model) else {
        if template.beginsWithAnswer {
          throw TransferError(
            "template \"\(template)\"",
            "begins with [Y], where \(model.name) has no token that text begins with",
            hint: "Put words before [Y], as \"It is said that\"")
        }
        skipped.empty += 1
        continue
      }
      guard own.longest <= limit else {
        skipped.tooLong += 1
        continue
      }
      kept.append(example)
      labels.append(column)
      statements.append(own)
    }
    (self.examples, self.labels, self.statements, self.skipped) = (kept, labels, statements, skipped)
    (inputs, truncatedCount) = ([], 0)
  }

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
    statements = []
  }
}
