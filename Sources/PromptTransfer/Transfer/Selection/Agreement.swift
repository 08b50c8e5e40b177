import Tensors

/// A choice without labels: whatever makes the target answer as the sources answer with their own prompts, to subjects whose
/// objects are not read. It runs both models, forward only.
public struct Agreement: AnswerSelection {
  /// What is compared.
  public enum Measure: Sendable {
    /// The share of subjects with the same first answer.
    case agreement
    /// How near the distributions of answers are: less the mean of `KL(sources | target)`, in nats.
    case divergence
  }

  public let measure: Measure
  /// How many of the subjects have a text that was cut to the positions of one of the models.
  public var truncatedCount: Int { lesson.truncatedCount }
  private let lesson: Lesson
  private let parallelism: Parallelism

  /// How many subjects are enough to choose by.
  public static let subjectLimit = 200

  /// Asks the sources. Throws where the models share too few words, or none of the subjects can be asked.
  /// - Parameters:
  ///   - teachers: the sources with the prompts that are to be carried
  ///   - words: over which answers are compared; all that the models share when nil
  public init(
    _ teachers: [Teacher], target: LanguageModel, subjects: SubjectSet, words: [String]? = nil,
    measure: Measure = .agreement, parallelism: Parallelism = .granted
  ) throws(TransferError) {
    let words = try ComparedWords(teachers.map(\.model), target: target, words: words)
    // Without who stops it there is one.
    guard
      let agreement = try Agreement(
        teachers, over: words, subjects: subjects, measure: measure, parallelism: parallelism,
        shouldStop: { false })
    else { throw TransferError(target.name, "was stopped") }
    self = agreement
  }

  /// The same over words that were looked up before, for one prompt of many. Nil when stopped.
  /// - Parameters:
  ///   - teachers: the words' sources, in their order, each with the prompt that is to be carried
  ///   - shouldStop: asked while the sources are
  public init?(
    _ teachers: [Teacher], over words: ComparedWords, subjects: SubjectSet, measure: Measure = .agreement,
    parallelism: Parallelism = .granted, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) {
    let target = words.target
    let group = TeacherGroup(teachers, words, parallelism)
    let template = group.teachers[0].prompt.template
    try template.requireUse(with: target)
    guard let lesson = try group.lesson(subjects, template, temperature: 1, shouldStop: shouldStop) else {
      return nil
    }
    self.lesson = lesson
    (self.measure, self.parallelism) = (measure, parallelism)
    lesson.head.prepare()
    lesson.model.prepare(gradientsOf: nil, parallelism: parallelism)
    guard !subjects.subjects.isEmpty else {
      throw TransferError(
        "subjects", "there are none, neither for development nor for training",
        hint: "A table of fewer than three subjects has test facts alone")
    }
    guard !lesson.inputs.isEmpty else {
      throw TransferError(
        "subjects", "none of the \(subjects.subjects.count) can be asked",
        hint: "They have no tokens or too many for one of the models")
    }
  }

  public var judge: FittedTransfer.Choice.Judge {
    switch measure {
    case .agreement: .agreement
    case .divergence: .divergence
    }
  }

  public func score(
    _ vectors: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Double? {
    try lesson.likeness(vectors, parallelism, shouldStop: shouldStop).map { likeness in
      switch measure {
      case .agreement: likeness.agreement
      case .divergence: -likeness.divergence
      }
    }
  }
}
