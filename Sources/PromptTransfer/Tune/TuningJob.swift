import Tensors

/// A prompt to be tuned: on what, where its vectors stand, and where they start from.
public struct TuningJob: Sendable {
  /// What errors and the prompt call the examples.
  public let name: String
  public let train: [Example]
  public let dev: [Example]
  public let template: Template
  public var start: PromptStart
  /// What else the prompt says of its making.
  let provenance: [String: String]
  /// Where its state is kept, so that it can be stopped and go on.
  package var keeper: TuningKeeper?

  public init(
    name: String, train: [Example], dev: [Example], template: Template, start: PromptStart = .random
  ) {
    self.init(name: name, train: train, dev: dev, template: template, start: start, provenance: [:])
  }

  /// - Parameter start: (P, C), P as in the template
  public init(name: String, train: [Example], dev: [Example], template: Template, start: Matrix) {
    precondition(start.rows == template.vectorCount)
    self.init(name: name, train: train, dev: dev, template: template, start: .vectors(start), provenance: [:])
  }

  private init(
    name: String, train: [Example], dev: [Example], template: Template, start: PromptStart,
    provenance: [String: String]
  ) {
    (self.name, self.train, self.dev) = (name, train, dev)
    (self.template, self.start, self.provenance) = (template, start, provenance)
  }

  /// Reads the training and development examples of a data set. Throws where the template has no vectors, and what reading
  /// throws.
  /// - Parameters:
  ///   - template: where nil, that of the prompt to start from, else the data set's own
  ///   - start: ``Dataset/start()`` where nil
  ///   - exampleLimit: at most so many training examples, and development examples as well, drawn with the seed; all when nil
  public init(
    _ data: Dataset, template: Template? = nil, start: PromptStart? = nil, exampleLimit: Int? = nil,
    seed: UInt64 = 0
  ) throws(TransferError) {
    let origin: Template? = if case .prompt(let prompt) = start { prompt.template } else { nil }
    let layout = template ?? origin ?? data.template
    try layout.requireVectors()
    func read(_ split: ExampleSet.Split) throws(TransferError) -> [Example] {
      let all = try data.read(split)
      return (exampleLimit.map { all.drawn($0, seed: seed) } ?? all).examples
    }
    var provenance = SoftPrompt.provenance(of: data.labels)
    if let exampleLimit { provenance["factsLimit"] = "\(exampleLimit)" }
    let own = if let start { start } else { try data.start() }
    self.init(
      name: data.name, train: try read(.train), dev: try read(.dev), template: layout, start: own,
      provenance: provenance)
  }
}
