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
  /// Natural logarithm of the object's probability: among the candidates, or where answers are texts among all that could be said.
  public let logProbability: Float
  /// More about an answer that is a text; nil where answers are words.
  public let text: TextAnswer?

  /// Whether a file begins with one of these as a line of JSON.
  package static func isAnswerFile(_ url: URL) -> Bool {
    let start = FileStart.read(url, 1 << 16) ?? Data()
    return (try? JSONDecoder().decode(Self.self, from: start.prefix { $0 != UInt8(ascii: "\n") })) != nil
  }

  public init(
    relation: String, subject: String, second: String? = nil, object: String, prediction: String, rank: Int,
    logProbability: Float, text: TextAnswer? = nil
  ) {
    self.relation = relation
    self.subject = subject
    self.second = second
    self.object = object
    self.prediction = prediction
    self.rank = rank
    self.logProbability = logProbability
    self.text = text
  }
}

/// Asks a model examples and ranks its answers among the candidates.
public struct Evaluator: Sendable {
  /// What answers are looked for among.
  enum Answers: Sendable {
    case words(CandidateVocabulary, CandidateHead)
    case texts(AnswerSpace, AnswerMasking, measures: Bool)
  }

  let model: LanguageModel
  let answers: Answers
  let parallelism: Parallelism
  let pool: WorkerPool

  /// How many sequences one task takes: more where there are many, since weights are widened for each task, and fewer where threads
  /// would be idle, two tasks for each so that they end together. Results depend on neither.
  static func sequencesPerTask(
    of count: Int, _ network: any Network, _ parallelism: Parallelism
  ) -> Int {
    if let wanted = network.sequencesPerTask { return wanted }
    let usual = count < 256 ? 8 : 16
    guard network.keepsSequencesApart else { return usual }
    return max(4, min(usual, (count + 2 * parallelism.threads - 1) / (2 * parallelism.threads)))
  }

  /// Among words of one token each.
  public init(model: LanguageModel, candidates: CandidateVocabulary, parallelism: Parallelism) {
    self.init(model, .words(candidates, model.network.candidates(candidates.ids)), parallelism)
  }

  /// Among texts of any number of tokens.
  /// - Parameter measures: whether ranks by other measures than the sum are wanted, which takes longer
  public init(
    model: LanguageModel, texts: AnswerSpace, masking: AnswerMasking = .word, measures: Bool = false,
    parallelism: Parallelism
  ) {
    self.init(model, .texts(texts, masking, measures: measures), parallelism)
  }

  private init(_ model: LanguageModel, _ answers: Answers, _ parallelism: Parallelism) {
    self.model = model
    self.answers = answers
    let parallelism = parallelism.suiting(model.network)
    self.parallelism = parallelism
    pool = WorkerPool(parallelism)
  }

  /// Lays the weights out, which `predictions` does where there is more than a little to ask.
  package func layOut() {
    // The words first: the table that they are taken from is in memory meanwhile.
    if case .words(_, let head) = answers { head.prepare() }
    model.network.prepare(gradientsOf: nil, parallelism: parallelism)
  }

  /// Whether answers are texts of any number of tokens.
  public var areTexts: Bool { if case .texts = answers { true } else { false } }

  /// How many answers there are at most to choose among.
  public var candidateCount: Int {
    switch answers {
    case .words(let candidates, _): candidates.ids.count
    case .texts(let space, _, _): space.count
    }
  }

  /// The examples as inputs of this model, without those that cannot be asked.
  /// Throws when the template cannot serve a model of this kind, or has not as many places as the facts have texts.
  public func prepare(_ facts: [Example], template: Template) throws(TransferError) -> ProbingSet {
    try template.requireUse(with: model, answersAreTexts: areTexts)
    try template.requirePlaces(for: facts)
    switch answers {
    case .words(let candidates, _):
      return try ProbingSet(facts, template: template, model: model, candidates: candidates)
    case .texts(let space, let masking, _):
      return try ProbingSet(facts, template: template, model: model, space: space, masking: masking)
    }
  }

  /// One prediction a fact, in order; nil when `shouldStop` said so. Throws when the model's scores are not finite.
  /// - Parameter prompt: (P, C); no rows for a manual template
  public func predictions(
    _ set: ProbingSet, prompt: Matrix, progress: @escaping @Sendable (_ done: Int) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> [Prediction]? {
    let found: [Prediction]?
    switch answers {
    case .words(let candidates, let head):
      found = words(set, candidates, head, prompt: prompt, progress, shouldStop)
    case .texts(_, _, let measures):
      found = texts(set, measures: measures, prompt: prompt, progress, shouldStop)
    }
    try model.network.requireDevice(model.name)
    if let broken = found?.first(where: { !$0.logProbability.isFinite }) {
      throw TransferError(
        model.name, "its scores for \"\(broken.subject)\" are not finite numbers",
        hint: model.network.hintForBrokenNumbers(
          "The weights or the prompt are damaged, or the prompt is far too long"))
    }
    return found
  }

  private func words(
    _ set: ProbingSet, _ candidates: CandidateVocabulary, _ head: CandidateHead, prompt: Matrix,
    _ progress: @escaping @Sendable (_ done: Int) -> Void, _ shouldStop: @escaping @Sendable () -> Bool
  ) -> [Prediction]? {
    let size = Self.sequencesPerTask(of: set.inputs.count, model.network, parallelism)
    let taskCount = (set.inputs.count + size - 1) / size
    // A few products of weights in Float32 are quicker from where these lie.
    if taskCount > Linear.productsBeforeLayout || model.network.precision != .f32 { layOut() }
    let workers = pool.take()
    defer { pool.giveBack(workers) }
    let results = Collected<[(place: Int, prediction: Prediction)]>(count: taskCount)
    // The longest first, so that workers end at about the same time.
    let order = set.inputs.indices.sorted {
      (set.inputs[$0].elements.count, $1) > (set.inputs[$1].elements.count, $0)
    }
    let (inputs, labels) = (order.map { set.inputs[$0] }, order.map { set.labels[$0] })
    parallelism.forEach(taskCount) { worker, task in
      if shouldStop() { return }
      let range = task * size..<min(inputs.count, (task + 1) * size)
      let ranks = model.network.ranks(
        inputs[range], labels: labels[range], prompt: prompt, candidates: head, workers[worker])
      let predictions = zip(order[range], ranks).map { index, rank in
        (index, Prediction(rank, candidates, fact: set.examples[index]))
      }
      progress(results.set(predictions, at: task) * size)
    }
    guard let all = results.all()?.flatMap({ $0 }) else { return nil }
    return all.sorted { $0.place < $1.place }.map(\.prediction)
  }
}

extension Prediction {
  fileprivate init(_ rank: CandidateRank, _ candidates: CandidateVocabulary, fact: Example) {
    guard rank.logProbability.isFinite else {
      self = .unusable(fact)
      return
    }
    self.init(
      relation: fact.relation, subject: fact.subject, second: fact.second, object: fact.object,
      prediction: candidates.words[rank.best], rank: rank.rank, logProbability: rank.logProbability)
  }

  /// What stands for an answer whose scores are not numbers, until `predictions` throws.
  static func unusable(_ fact: Example) -> Prediction {
    Prediction(
      relation: fact.relation, subject: fact.subject, second: fact.second, object: fact.object,
      prediction: "", rank: .max, logProbability: .nan)
  }
}
