import PromptTransfer

/// The facts of one relation or the examples of a task, and its template in words.
struct RelationFacts: Sendable {
  let train, dev, test: [Example]
  let manual: Template?
  let task: ClassificationTask?
  let fingerprints: Fingerprints
  /// What is answered.
  var answers: CandidateVocabulary.AnswerKind { task == nil ? .words : .labels }

  /// Of all fields of the facts.
  struct Fingerprints: Sendable, Encodable { let train, dev, test: String }

  init(manual: Template?, task: ClassificationTask? = nil, read: (ExampleSet.Split) throws -> ExampleSet)
    rethrows
  {
    train = try read(.train).examples
    dev = try read(.dev).examples
    test = try read(.test).examples
    (self.manual, self.task) = (manual, task)
    func fingerprint(_ facts: [Example]) -> String {
      Fingerprint.of(facts.map { [$0.relation, $0.subject, $0.second, $0.object] })
    }
    fingerprints = Fingerprints(
      train: fingerprint(train), dev: fingerprint(dev), test: fingerprint(test))
  }

  /// Where a prompt starts from.
  func start(_ start: ExperimentConfiguration.Start) -> PromptStart {
    switch start {
    case .random: .random
    case .mean: .mean
    case .template: .suiting(manual)
    }
  }

  /// The template with prompt vectors.
  func template(_ vectorCount: Int) -> Template { task?.description.template ?? .vectors(vectorCount) }
}
