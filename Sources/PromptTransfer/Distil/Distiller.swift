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
  public let teachers: [Teacher]
  public let student: LanguageModel
  public let settings: TuningSettings
  /// What logits of sources and target are divided by: above 1, unlikely answers count more.
  public let temperature: Float
  /// The words that answers are compared over.
  public var words: [String] { candidates.words }
  private let candidates: CandidateVocabulary
  private let sourceCandidates: [CandidateVocabulary]
  private let parallelism: Parallelism

  /// Throws when there is no source, or fewer than two words that all models know.
  /// - Parameter words: the words that count where all models know them; all whole words when nil
  public init(
    teachers: [Teacher], student: LanguageModel, words: [String]? = nil, settings: TuningSettings,
    temperature: Float = 1, parallelism: Parallelism
  ) throws(TransferError) {
    precondition(temperature > 0)
    guard !teachers.isEmpty else { throw TransferError("distil", "has no source") }
    let teachers = teachers.sorted { Teacher.precedes($0, $1) }
    let shared = CandidateVocabulary.shared(
      [student.tokenizer] + teachers.map(\.model.tokenizer), list: words)
    guard shared[0].words.count >= 2 else {
      throw TransferError(
        "distil", "the models share \(shared[0].words.count) words",
        hint: "Answers are compared over the words that all models know as one token")
    }
    candidates = shared[0]
    sourceCandidates = Array(shared.dropFirst())
    self.teachers = teachers
    self.student = student
    self.settings = settings
    self.temperature = temperature
    self.parallelism = parallelism
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
  ///   - progress: called after every step with the number of steps done and of all steps
  ///   - shouldStop: asked after every step; the best prompt so far is then the result
  public func distil(
    train: SubjectSet, dev: SubjectSet, template: Template, start: Matrix,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> DistillationResult {
    let job = DistillationJob(
      name: "subjects", train: train, dev: dev, template: template, start: .vectors(start))
    return try distil(job, progress: progress, shouldStop: shouldStop)
  }

  /// - Parameters:
  ///   - progress: called after every step with the number of steps done and of all steps
  ///   - shouldStop: asked after every step; the best prompt so far is then the result
  public func distil(
    _ job: DistillationJob, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> DistillationResult {
    let (train, dev, template) = (job.train, job.dev, job.template)
    let start = try student.space.vectors(job.start, template: template, seed: settings.seed)
    try template.requireUse(with: student)
    let trainLesson = try lesson(train, template)
    let devLesson = try lesson(dev, template)
    guard !trainLesson.inputs.isEmpty else {
      throw TransferError(
        "subjects", "none of the \(train.subjects.count) training subjects can be asked",
        hint: "They have no tokens or too many for one of the models")
    }
    let head = student.network.candidates(candidates.ids)
    student.network.prepare(gradientsOf: head, parallelism: parallelism)
    var tuning = JointTuning(
      [
        TuningRun(
          DistillationObjective(
            model: student.network, head: head, temperature: temperature, train: trainLesson, dev: devLesson,
            parallelism: parallelism),
          settings: settings, start: start)
      ], parallelism)
    try tuning.run(progress: progress, shouldStop: shouldStop)
    let run = tuning.runs[0]
    return DistillationResult(
      prompt: prompt(of: run, job, template), bestDevDivergence: run.best.map { -$0.score.value },
      epochs: run.epochs.enumerated().map { index, epoch in
        DistillationEpoch(
          epoch: index + 1, trainDivergence: epoch.trainLoss, devDivergence: epoch.score.map { -$0.value })
      },
      exampleCount: run.examplesDone,
      skippedCount: train.subjects.count + dev.subjects.count - trainLesson.inputs.count
        - devLesson.inputs.count,
      isInterrupted: run.isInterrupted)
  }

  private func prompt(
    of run: TuningRun<DistillationObjective>, _ job: DistillationJob, _ template: Template
  ) -> SoftPrompt {
    var made = [
      "subjects": job.name,
      "distilling": Provenance.json(settings),
      "temperature": "\(temperature)",
      "sources": Provenance.json(teachers.map { Provenance.source($0.model.space, weight: $0.weight) }),
      "bestDevDivergence": run.best.map { "\(-$0.score.value)" } ?? "not scored",
      "complete": "\(!run.isInterrupted)",
    ]
    if let limit = job.subjectLimit { made["factsLimit"] = "\(limit)" }
    return SoftPrompt(
      run.vectors, template: template, for: student.space,
      provenance: [Provenance.createdBy("distil"), made, Provenance.start(job.start)]
        .reduce(into: [:]) { $0.merge($1) { $1 } })
  }

  /// The subjects that every model can be asked, with the sources' mean answers.
  private func lesson(
    _ set: SubjectSet, _ template: Template
  ) throws(TransferError) -> DistillationObjective.Lesson {
    let usable = set.subjects.compactMap { subject -> (own: PromptedInput, others: [PromptedInput])? in
      let others = teachers.compactMap { $0.input(subject) }
      guard others.count == teachers.count, let own = student.input(subject, template: template) else {
        return nil
      }
      return (own, others)
    }
    let total = teachers.reduce(0) { $0 + Double($1.weight) }
    var targets = Matrix(rows: usable.count, columns: candidates.ids.count)
    for (index, teacher) in teachers.enumerated() {
      let answers = try teacher.answers(
        usable.map { $0.others[index] }, candidates: sourceCandidates[index], temperature: temperature,
        parallelism: parallelism)
      targets.add(answers, scaledBy: Float(Double(teacher.weight) / total))
    }
    return DistillationObjective.Lesson(inputs: usable.map(\.own), targets: targets)
  }
}
