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
  ///   - rescue: called before an error under way is thrown, with the best prompt so far, where it is better than the start
  ///   - shouldStop: asked after every step, and while the sources are asked; the best prompt so far, or the start, is then the result
  public func distil(
    _ job: DistillationJob, progress: (TuningProgress) -> Void = { _ in },
    rescue: (SoftPrompt) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> DistillationResult {
    try Self.distil([(self, job)], progress: progress, rescue: { rescue($1) }, shouldStop: shouldStop)[0]
  }

  /// Distils several prompts into one target together. Each comes out as it would alone, to the last bit; sooner where batches are
  /// small, threads many, or the target runs on a GPU. The answers of all their sources are in memory at once.
  /// - Parameters:
  ///   - tasks: for each prompt its sources, all over the same ``ComparedWords`` and at the same temperature, and its job
  ///   - progress: called after every step of all prompts
  ///   - rescue: as above, for each of them
  ///   - shouldStop: as above; where a source has not answered yet, every result is the start
  public static func distil(
    _ tasks: [(distiller: Distiller, job: DistillationJob)], progress: (TuningProgress) -> Void = { _ in },
    rescue: (_ task: Int, _ prompt: SoftPrompt) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> [DistillationResult] {
    guard let first = tasks.first?.distiller else { return [] }
    let group = first.group
    precondition(
      tasks.allSatisfy {
        $0.distiller.temperature == first.temperature
          && $0.distiller.group.candidates.ids == group.candidates.ids
      }, "prompts are distilled together over the same words, at the same temperature")
    var starts: [Matrix] = []
    for (distiller, job) in tasks { starts.append(try distiller.start(job)) }
    var lessons: [(train: Lesson, dev: Lesson)] = []
    for (distiller, job) in tasks {
      guard let own = try distiller.lessons(job, shouldStop: shouldStop) else {
        return zip(tasks, starts).map { $0.distiller.unbegun($0.job, $1) }
      }
      lessons.append(own)
    }
    group.student.network.prepare(gradientsOf: lessons[0].train.head, parallelism: group.parallelism)
    let runs = tasks.indices.map { index in
      let settings = tasks[index].distiller.settings
      return TuningRun(
        DistillationObjective(
          train: lessons[index].train, dev: lessons[index].dev, parallelism: group.parallelism),
        settings: settings, rate: settings.learningRate.value(group.student.space.table),
        start: starts[index], keeper: tasks[index].job.keeper)
    }
    var tuning = JointTuning(runs, group.parallelism)
    do { try tuning.run(progress: { progress($0.negated) }, shouldStop: shouldStop) } catch {
      for (index, run) in tuning.runs.enumerated() where run.isBetterThanStart {
        rescue(index, tasks[index].distiller.prompt(of: run, tasks[index].job))
      }
      throw error
    }
    return tasks.indices.map { index in
      let (distiller, job) = tasks[index]
      return distiller.result(tuning.runs[index], job, lessons[index])
    }
  }

  private func start(_ job: DistillationJob) throws(TransferError) -> Matrix {
    try job.template.requireUse(with: student)
    return try student.space.vectors(job.start, template: job.template, seed: settings.seed)
  }

  /// What the sources say to a job's subjects. Nil when stopped.
  private func lessons(
    _ job: DistillationJob, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> (train: Lesson, dev: Lesson)? {
    guard
      let train = try group.lesson(job.train, job.template, temperature: temperature, shouldStop: shouldStop),
      let dev = try group.lesson(job.dev, job.template, temperature: temperature, shouldStop: shouldStop)
    else { return nil }
    guard !train.inputs.isEmpty else {
      throw TransferError(
        job.name, "none of the \(job.train.subjects.count) training subjects can be asked",
        hint: "They have no tokens or too many for one of the models")
    }
    return (train, dev)
  }

  private func result(
    _ run: TuningRun<DistillationObjective>, _ job: DistillationJob, _ lessons: (train: Lesson, dev: Lesson)
  ) -> DistillationResult {
    DistillationResult(
      prompt: prompt(of: run, job), bestDevDivergence: run.bestScore.map { -$0.value },
      epochs: run.epochs.enumerated().map { index, epoch in
        DistillationEpoch(
          epoch: index + 1, trainDivergence: epoch.trainLoss, devDivergence: epoch.score.map { -$0.value })
      },
      exampleCount: run.examplesDone,
      skippedCount: job.train.subjects.count + job.dev.subjects.count - lessons.train.inputs.count
        - lessons.dev.inputs.count,
      truncatedCount: lessons.train.truncatedCount + lessons.dev.truncatedCount,
      isInterrupted: run.isInterrupted)
  }

  private func prompt(of run: TuningRun<DistillationObjective>, _ job: DistillationJob) -> SoftPrompt {
    prompt(run.vectors, bestScore: run.bestScore, isComplete: !run.isInterrupted, job)
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
