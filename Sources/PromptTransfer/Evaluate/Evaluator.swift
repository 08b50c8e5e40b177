import Formats
import Foundation
import LanguageModels
import Tensors

/// What a model answers to one fact.
public struct Prediction: Sendable, Codable, Equatable {
  public let relation: String
  public let subject: String
  /// The second text of tasks that have two.
  public let second: String?
  public let object: String
  /// The best candidate.
  public let prediction: String
  /// The object's place among the candidates, from 1.
  public let rank: Int
  /// Natural logarithm of the object's probability among the candidates.
  public let logProbability: Float

  /// Whether a file begins with one of these as a line of JSON.
  package static func isAnswerFile(_ url: URL) -> Bool {
    let start = FileStart.read(url, 1 << 16) ?? Data()
    return (try? JSONDecoder().decode(Self.self, from: start.prefix { $0 != UInt8(ascii: "\n") })) != nil
  }

  public init(
    relation: String, subject: String, second: String? = nil, object: String, prediction: String, rank: Int,
    logProbability: Float
  ) {
    self.relation = relation
    self.subject = subject
    self.second = second
    self.object = object
    self.prediction = prediction
    self.rank = rank
    self.logProbability = logProbability
  }
}

/// Asks a model examples and ranks its answers among the candidates.
public struct Evaluator: Sendable {
  let model: LanguageModel
  let candidates: CandidateVocabulary
  let head: CandidateHead
  let parallelism: Parallelism
  private let pool: WorkerPool

  /// How many sequences one task takes: more where there are many, since weights are widened for each task. Results do not depend
  /// on the number of threads.
  static func sequencesPerTask(of count: Int) -> Int { count < 256 ? 8 : 16 }

  public init(model: LanguageModel, candidates: CandidateVocabulary, parallelism: Parallelism) {
    self.model = model
    self.candidates = candidates
    self.parallelism = parallelism
    pool = WorkerPool(parallelism)
    head = model.network.candidates(candidates.ids)
    head.prepare()  // first: the table that it is taken from is in memory meanwhile
    model.network.prepare(gradientsOf: nil, parallelism: parallelism)
  }

  /// The examples as inputs of this model, without those that cannot be asked.
  /// Throws when the template cannot serve a model of this kind, or has not as many places as the facts have texts.
  public func prepare(_ facts: [Example], template: Template) throws(TransferError) -> ProbingSet {
    try template.requireUse(with: model)
    try template.requirePlaces(for: facts)
    return try ProbingSet(facts, template: template, model: model, candidates: candidates)
  }

  /// One prediction a fact, in order; nil when `shouldStop` said so. Throws when the model's scores are not finite.
  /// - Parameter prompt: (P, C); no rows for a manual template
  public func predictions(
    _ set: ProbingSet, prompt: Matrix, progress: @escaping @Sendable (_ done: Int) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> [Prediction]? {
    let size = Self.sequencesPerTask(of: set.inputs.count)
    let taskCount = (set.inputs.count + size - 1) / size
    let workers = pool.take()
    defer { pool.giveBack(workers) }
    let results = Collected<[(place: Int, prediction: Prediction)]>(count: taskCount)
    // The longest first, so that workers end at about the same time.
    let order = set.inputs.indices.sorted {
      (set.inputs[$0].elements.count, $1) > (set.inputs[$1].elements.count, $0)
    }
    let inputs = order.map { set.inputs[$0] }
    parallelism.forEach(taskCount) { worker, task in
      if shouldStop() { return }
      let range = task * size..<min(inputs.count, (task + 1) * size)
      let logits = model.network.logits(
        inputs[range], prompt: prompt, candidates: head, workers[worker])
      let predictions = order[range].enumerated().map { row, index in
        (index, answer(logits.row(row), label: set.labels[index], fact: set.examples[index]))
      }
      progress(results.set(predictions, at: task) * size)
    }
    guard let all = results.all()?.flatMap({ $0 }) else { return nil }
    let predictions = all.sorted { $0.place < $1.place }.map(\.prediction)
    if let broken = predictions.first(where: { !$0.logProbability.isFinite }) {
      throw TransferError(
        model.name, "its scores for \"\(broken.subject)\" are not finite numbers",
        hint: "The weights or the prompt are damaged, or the prompt is far too long")
    }
    return predictions
  }

  private func answer(_ logits: UnsafeBufferPointer<Float>, label: Int, fact: Example) -> Prediction {
    let own = logits[label]
    var best = 0
    var rank = 1
    var top = -Float.infinity
    for (column, value) in logits.enumerated() {
      guard value.isFinite else { return unusable(fact) }
      if value > top { (best, top) = (column, value) }
      if value > own || (value == own && column < label) { rank += 1 }
    }
    let sum = logits.reduce(0.0) { $0 + exp(Double($1 - top)) }
    return Prediction(
      relation: fact.relation, subject: fact.subject, second: fact.second, object: fact.object,
      prediction: candidates.words[best], rank: rank, logProbability: own - top - Float(log(sum)))
  }

  /// What stands for an answer whose scores are not numbers, until `predictions` throws.
  private func unusable(_ fact: Example) -> Prediction {
    Prediction(
      relation: fact.relation, subject: fact.subject, second: fact.second, object: fact.object,
      prediction: "",
      rank: candidates.words.count, logProbability: .nan)
  }
}
