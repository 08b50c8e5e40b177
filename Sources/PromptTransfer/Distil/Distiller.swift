import LanguageModels
import Tensors

/// One epoch of distilling.
public struct DistillationEpoch: Sendable, Codable, Equatable {
  /// From 1.
  public let epoch: Int
  /// Mean divergence over the epoch's training subjects, in nats.
  public let trainDivergence: Double
  /// The last mean divergence on the development subjects in this epoch; nil when there are none.
  public let devDivergence: Double?
}

/// The result of distilling a prompt.
public struct DistillationResult: Sendable {
  /// The closest to the sources on the development subjects. The start counts.
  public let prompt: SoftPrompt
  /// Nil when nothing was scored: there are no development subjects, or it was stopped before.
  public let bestDevDivergence: Double?
  public let epochs: [DistillationEpoch]
  public let exampleCount: Int
  /// How many subjects, of both kinds, have no tokens or too many for one of the models.
  public let skippedCount: Int
  /// How many subjects, of both kinds, have a text that was cut to the positions of one of the models.
  public let truncatedCount: Int
  /// Whether it was stopped before its last epoch.
  public let isInterrupted: Bool

  /// The prompt's, (P, C).
  public var vectors: Matrix { prompt.vectors }
}

/// Tunes prompt vectors on a target model without any labels: the target's answers to subjects are pulled toward those of
/// source models with their own prompts.
///
/// The loss is `KL(sources | target)` at the mask over the words that every model knows as one token; several sources answer
/// with the weighted mean of their distributions. The prompt with the lowest divergence on the development subjects is kept.
/// The sources' answers to all subjects are held in memory: 4 bytes for each subject and word.
public struct Distiller: Sendable {
  /// Sorted, so that the result does not depend on the order they were given in.
  public var teachers: [Teacher] { group.teachers }
  public var student: LanguageModel { group.student }
  public let settings: TuningSettings
  /// What logits of sources and target are divided by: above 1, unlikely answers count more.
  public let temperature: Float
  /// The words that answers are compared over.
  public var words: [String] { group.candidates.words }
  private let group: TeacherGroup

  /// Throws when there is no source, or fewer than two words that all models know.
  /// - Parameter words: the words that count where all models know them; all whole words when nil
  public init(
    teachers: [Teacher], student: LanguageModel, words: [String]? = nil, settings: TuningSettings,
    temperature: Float = 1, parallelism: Parallelism
  ) throws(TransferError) {
    let words = try ComparedWords(teachers.map(\.model), target: student, words: words)
    self.init(teachers, over: words, settings: settings, temperature: temperature, parallelism: parallelism)
  }

  /// The same over words that were looked up before, for one prompt of many.
  /// - Parameter teachers: the words' sources, in their order, each with a prompt
  public init(
    _ teachers: [Teacher], over words: ComparedWords, settings: TuningSettings, temperature: Float = 1,
    parallelism: Parallelism
  ) {
    precondition(temperature > 0)
    group = TeacherGroup(teachers, words, parallelism)
    (self.settings, self.temperature) = (settings, temperature)
  }

  /// A start of independent normal entries with the mean and deviation of the target's word embeddings.
  public func randomStart(vectorCount: Int) -> Matrix {
    student.space.randomStart(vectorCount: vectorCount, seed: settings.seed)
  }

  /// The vectors of a prompt of the target, one carried over for example. Throws unless it is the target's and has this
  /// template.
  public func start(from prompt: SoftPrompt, template: Template) throws(TransferError) -> Matrix {
    try student.space.start(from: prompt, template: template)
  }

  /// - Parameters:
  ///   - template: the target's
  ///   - start: (P, C), P as in the template
  ///   - progress: called after every step
  ///   - shouldStop: asked after every step; the best prompt so far is then the result
  public func distil(
    train: SubjectSet, dev: SubjectSet, template: Template, start: Matrix,
    progress: (TuningProgress) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> DistillationResult {
    let job = DistillationJob(
      name: "subjects", train: train, dev: dev, template: template, start: .vectors(start))
    return try distil(job, progress: progress, shouldStop: shouldStop)
  }

  /// - Parameters:
  ///   - progress: called after every step
  ///   - shouldStop: asked after every step, and while the sources are asked; the best prompt so far, or the start, is then the result
  public func distil(
    _ job: DistillationJob, progress: (TuningProgress) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> DistillationResult {
    let (train, dev, template) = (job.train, job.dev, job.template)
    let start = try student.space.vectors(job.start, template: template, seed: settings.seed)
    try template.requireUse(with: student)
    guard
      let trainLesson = try group.lesson(train, template, temperature: temperature, shouldStop: shouldStop),
      let devLesson = try group.lesson(dev, template, temperature: temperature, shouldStop: shouldStop)
    else { return unbegun(job, start) }
    guard !trainLesson.inputs.isEmpty else {
      throw TransferError(
        "subjects", "none of the \(train.subjects.count) training subjects can be asked",
        hint: "They have no tokens or too many for one of the models")
    }
    student.network.prepare(gradientsOf: trainLesson.head, parallelism: group.parallelism)
    var tuning = JointTuning(
      [
        TuningRun(
          DistillationObjective(train: trainLesson, dev: devLesson, parallelism: group.parallelism),
          settings: settings, rate: settings.learningRate.value(student.space.table), start: start,
          keeper: job.keeper)
      ], group.parallelism)
    try tuning.run(progress: { progress($0.negated) }, shouldStop: shouldStop)
    let run = tuning.runs[0]
    return DistillationResult(
      prompt: prompt(run.vectors, bestScore: run.bestScore, isComplete: !run.isInterrupted, job),
      bestDevDivergence: run.bestScore.map { -$0.value },
      epochs: run.epochs.enumerated().map { index, epoch in
        DistillationEpoch(
          epoch: index + 1, trainDivergence: epoch.trainLoss, devDivergence: epoch.score.map { -$0.value })
      },
      exampleCount: run.examplesDone,
      skippedCount: train.subjects.count + dev.subjects.count - trainLesson.inputs.count
        - devLesson.inputs.count,
      truncatedCount: trainLesson.truncatedCount + devLesson.truncatedCount,
      isInterrupted: run.isInterrupted)
  }

  /// The start, where it was stopped before all sources had answered.
  private func unbegun(_ job: DistillationJob, _ start: Matrix) -> DistillationResult {
    DistillationResult(
      prompt: prompt(start, bestScore: nil, isComplete: false, job), bestDevDivergence: nil, epochs: [],
      exampleCount: 0, skippedCount: 0, truncatedCount: 0, isInterrupted: true)
  }

  private func prompt(
    _ vectors: Matrix, bestScore: TuningScore?, isComplete: Bool, _ job: DistillationJob
  ) -> SoftPrompt {
    var made = [
      "subjects": job.name,
      "distilling": Provenance.json(settings),
      "temperature": "\(temperature)",
      "sources": Provenance.json(
        teachers.map { Provenance.Source($0.prompt, $0.model.space, weight: $0.weight) }),
      "bestDevDivergence": bestScore.map { "\(-$0.value)" } ?? "not scored",
      "complete": "\(isComplete)",
    ]
    if let limit = job.subjectLimit { made["factsLimit"] = "\(limit)" }
    return SoftPrompt(
      vectors, template: job.template, for: student.space,
      provenance: [
        Provenance.createdBy("distil"), made, Provenance.computing(student.network),
        Provenance.start(job.start), job.provenance,
      ].reduce(into: [:]) { $0.merge($1) { $1 } })
  }
}
