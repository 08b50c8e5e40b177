import LanguageModels

/// How the sentences of one relation are scored with each of its answers.
struct StatementForm: Sendable {
  let options: AnswerOptions
  let plan: AnswerPlan
  /// The same sentences about nobody; none where they have no tokens then.
  fileprivate var ofNobody: [Int: PromptedInput] = [:]

  /// - Parameter fact: whose sentence it is, where that goes on with its texts after the answer of a causal model
  init(
    _ texts: [String], template: Template, fact: Example, model: LanguageModel, masking: AnswerMasking
  ) throws(TransferError) {
    options = try AnswerOptions(texts, template: template, fact: fact, model: model)
    plan = AnswerPlan(options, masking: masking, model: model)
    if Self.isOfOneFact(template, model) { return }
    let nobody = Example(relation: "", subject: "", second: template.textCount == 2 ? "" : nil, object: "")
    ofNobody = try Statements.sentences(nobody, plan, template, model) ?? [:]
  }

  /// Whether the form is another for each fact.
  static func isOfOneFact(_ template: Template, _ model: LanguageModel) -> Bool {
    template.restHasTexts && model.answer == .next
  }
}

/// The sentence of one fact, for answers of each length.
struct Statements: Sendable {
  let form: StatementForm
  /// By how many masks they have.
  private let sentences: [Int: PromptedInput]

  /// Nil where it has no tokens.
  init?(
    _ fact: Example, _ form: StatementForm, template: Template, model: LanguageModel
  ) throws(TransferError) {
    guard let sentences = try Self.sentences(fact, form.plan, template, model) else { return nil }
    (self.form, self.sentences) = (form, sentences)
  }

  private init(_ form: StatementForm, _ sentences: [Int: PromptedInput]) {
    (self.form, self.sentences) = (form, sentences)
  }

  /// The same sentence about nobody, which tells the answers that are likely anyway.
  var ofNobody: Statements? { form.ofNobody.isEmpty ? nil : Statements(form, form.ofNobody) }

  fileprivate static func sentences(
    _ fact: Example, _ plan: AnswerPlan, _ template: Template, _ model: LanguageModel
  ) throws(TransferError) -> [Int: PromptedInput]? {
    var sentences: [Int: PromptedInput] = [:]
    for count in plan.maskCounts {
      sentences[count] = try template.input(
        fact, tokenizer: model.tokenizer, answer: model.answer, masks: count)
      if sentences[count] == nil { return nil }
    }
    return sentences
  }

  func input(_ pass: AnswerPass) -> PromptedInput? { sentences[pass.fill.count].map { pass.input($0) } }

  /// How many tokens the longest of them has.
  var longest: Int {
    (sentences.values.map(\.elements.count).max() ?? 0) + form.plan.longestContinuation
  }

  /// What a prompt is tuned on: the answer in this column, its tokens one by one.
  /// - Returns: inputs, and a token for each of their predictions
  func taught(_ column: Int) -> (inputs: [PromptedInput], tokens: [Int]) {
    let answer = form.options.options[column].answer
    let passes = form.plan.first(column)
    guard passes.contains(where: { $0.continuations != nil }), let sentence = sentences[1] else {
      return (passes.compactMap { input($0) }, answer)
    }
    // The answer alone, without the words after it, which no prompt need teach.
    let tree = TokenTree([Array(answer.dropLast())])
    return (
      [PromptedInput(elements: sentence.elements, reads: sentence.reads, continuations: tree)], answer
    )
  }
}
