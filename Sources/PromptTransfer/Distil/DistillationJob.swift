/// A prompt to be distilled: with what subjects, where its vectors stand, and where they start from.
public struct DistillationJob: Sendable {
  /// What the prompt calls the subjects.
  public let name: String
  public let train: SubjectSet
  public let dev: SubjectSet
  public let template: Template
  public let start: PromptStart
  /// How many subjects of a split were drawn; nil for all.
  public let subjectLimit: Int?
  /// What else the prompt says of its making.
  let provenance: [String: String]
  /// Where its state is kept, so that it can be stopped and go on.
  package var keeper: TuningKeeper?

  public init(name: String, train: SubjectSet, dev: SubjectSet, template: Template, start: PromptStart) {
    (self.name, self.train, self.dev) = (name, train, dev)
    (self.template, self.start, subjectLimit, provenance) = (template, start, nil, [:])
  }

  /// Reads the training and development subjects of a data set, never their objects. Throws where the template has no vectors,
  /// and what reading throws.
  /// - Parameters:
  ///   - template: the target's
  ///   - start: ``Dataset/start()`` where nil
  ///   - subjectLimit: at most so many training subjects, and development subjects as well, drawn with the seed; all when nil
  public init(
    _ data: Dataset, template: Template, start: PromptStart? = nil, subjectLimit: Int? = nil,
    seed: UInt64 = 0
  ) throws(TransferError) {
    try template.requireVectors()
    func read(_ split: ExampleSet.Split) throws(TransferError) -> SubjectSet {
      let all = try data.subjects(split)
      return subjectLimit.map { all.drawn($0, seed: seed) } ?? all
    }
    (name, train, dev) = (data.name, try read(.train), try read(.dev))
    (self.template, self.subjectLimit) = (template, subjectLimit)
    self.start = if let start { start } else { try data.start() }
    provenance = SoftPrompt.provenance(of: data.labels)
  }
}
