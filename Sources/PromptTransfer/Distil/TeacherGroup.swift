import LanguageModels
import Tensors

/// Source models with their own prompts, and the target that is to answer as they do, over the words that all of them know.
struct TeacherGroup: Sendable {
  /// Sorted, so that results do not depend on the order they were given in.
  let teachers: [Teacher]
  let student: LanguageModel
  /// The words, with their ids in the target.
  let candidates: CandidateVocabulary
  private let head: CandidateHead
  private let sourceCandidates: [CandidateVocabulary]
  let parallelism: Parallelism

  /// - Parameter teachers: the words' sources, in their order, each with a prompt
  init(_ teachers: [Teacher], _ words: ComparedWords, _ parallelism: Parallelism) {
    precondition(teachers.map(\.model.name) == words.sources.map(\.name))
    let sorted = zip(teachers, words.sourceCandidates).sorted { Teacher.precedes($0.0, $1.0) }
    self.teachers = sorted.map(\.0)
    sourceCandidates = sorted.map(\.1)
    (student, candidates, head) = (words.target, words.candidates, words.head)
    self.parallelism = parallelism
  }

  /// The subjects that every model can be asked, with the sources' mean answers. Nil when stopped.
  /// - Parameter template: the target's
  func lesson(
    _ set: SubjectSet, _ template: Template, temperature: Float,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Lesson? {
    var usable: [(own: PromptedInput, others: [PromptedInput])] = []
    var truncatedCount = 0
    for template in teachers.map(\.prompt.template) + [template] {
      try template.requirePlaces(for: set.examples)
    }
    for subject in set.examples {
      if shouldStop() { return nil }
      var others: [AskedInput] = []
      for teacher in teachers {
        guard let input = try teacher.input(subject, set.answers) else { break }
        others.append(input)
      }
      guard others.count == teachers.count,
        let own = try student.input(subject, template: template, set.answers)
      else {
        continue
      }
      usable.append((own.input, others.map(\.input)))
      if own.isCut || others.contains(where: \.isCut) { truncatedCount += 1 }
    }
    let total = teachers.reduce(0) { $0 + Double($1.weight) }
    var targets = Matrix(rows: usable.count, columns: candidates.ids.count)
    for (index, teacher) in teachers.enumerated() {
      let answers = try teacher.answers(
        usable.map { $0.others[index] }, candidates: sourceCandidates[index], temperature: temperature,
        parallelism: parallelism, shouldStop: shouldStop)
      guard let answers else { return nil }
      targets.add(answers, scaledBy: Float(Double(teacher.weight) / total))
    }
    return Lesson(
      model: student.network, head: head, inputs: usable.map(\.own), targets: targets,
      temperature: temperature, truncatedCount: truncatedCount)
  }
}

/// Subjects as the target is asked them, and what the sources say to them.
struct Lesson: Sendable {
  let model: any Network
  let head: CandidateHead
  let inputs: [PromptedInput]
  let targets: Matrix  // (inputs, candidates), probabilities
  /// What logits are divided by.
  let temperature: Float
  /// How many of the inputs have a text that was cut, to the positions of the target or of a source.
  let truncatedCount: Int

  /// How near the target's answers come with a prompt.
  struct Likeness: Sendable {
    /// The share of subjects with the sources' own first answer.
    let agreement: Double
    /// The mean of `KL(sources | target)`, in nats.
    let divergence: Double
  }

  /// Nil when interrupted. Throws where the target's answers could not be had.
  func likeness(
    _ prompt: Matrix, _ parallelism: Parallelism, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Likeness? {
    let size = Evaluator.sequencesPerTask(of: inputs.count, model, parallelism)
    let taskCount = (inputs.count + size - 1) / size
    let parallelism = parallelism.suiting(model)
    let workers = Workers(parallelism, keepingLayers: false)
    let parts = Collected<(agreements: Int, losses: [Float])>(count: taskCount)
    parallelism.forEach(taskCount) { worker, task in
      if shouldStop() { return }
      let range = task * size..<min(inputs.count, (task + 1) * size)
      var logits = model.logits(inputs[range], prompt: prompt, candidates: head, workers[worker])
      let wanted = targets.gathering(range)
      let agreements = (0..<range.count).count {
        logits.indexOfLargest(row: $0) == wanted.indexOfLargest(row: $0)
      }
      parts.set(
        (
          agreements,
          Divergence.forwardBackward(
            &logits, targets: wanted, temperature: temperature,
            scales: [Float](repeating: 0, count: range.count))
        ), at: task)
    }
    try model.requireDevice("the target")
    guard let all = parts.all(), !inputs.isEmpty else { return nil }
    let count = Double(inputs.count)
    return Likeness(
      agreement: Double(all.reduce(0) { $0 + $1.agreements }) / count,
      divergence: all.flatMap(\.losses).reduce(0.0) { $0 + Double($1) } / count)
  }
}

extension Matrix {
  /// The column of a row's largest entry, the first of equals.
  fileprivate func indexOfLargest(row: Int) -> Int {
    let values = self.row(row)
    return values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
  }
}
