import Tensors

/// Where the vectors of a prompt start from before they learn.
///
/// Tuned vectors stay near their start, and between real models only what words mean carries over: words and the table's mean
/// carry, random vectors hardly do (`docs/findings.md`).
public enum PromptStart: Sendable {
  /// Independent normal entries with the mean and deviation of the model's word embeddings, drawn with the seed of the settings.
  case random
  /// The mean of the model's word embeddings for every vector, with a tenth of their deviation as noise, drawn with the seed
  /// of the settings, so that the vectors do not learn alike.
  case mean
  /// The embeddings of a manual template's words, cut or repeated to the number of vectors.
  case words(Template)
  /// A prompt of the same model that is to be refined, one carried over for example; its template must be the one to be tuned.
  case prompt(SoftPrompt)
  /// (P, C), P as in the template.
  case vectors(Matrix)

  /// The words of a manual template, or the mean word where there is none, or none with words.
  public static func suiting(_ manual: Template?) -> PromptStart {
    if let manual, manual.hasWords { .words(manual) } else { .mean }
  }

  private static let wordsMark = "template:"

  /// As the command has it: `random`, `mean`, `template:TEXT`, else the kind.
  public var name: String {
    switch self {
    case .random: "random"
    case .mean: "mean"
    case .words(let manual): "\(Self.wordsMark)\(manual)"
    case .prompt: "prompt"
    case .vectors: "vectors"
    }
  }

  /// The start of such a name. Nil for the kinds that no name says all of. Throws for a template that is none.
  public init?(name: String) throws(TransferError) {
    switch name {
    case "random": self = .random
    case "mean": self = .mean
    case _ where name.hasPrefix(Self.wordsMark):
      self = .words(try Template(String(name.dropFirst(Self.wordsMark.count))))
    default: return nil
    }
  }
}

extension EmbeddingSpace {
  /// The vectors (P, C) to start from.
  func vectors(
    _ start: PromptStart, template: Template, seed: UInt64
  ) throws(TransferError) -> Matrix {
    switch start {
    case .random: return randomStart(vectorCount: template.vectorCount, seed: seed)
    case .mean: return meanStart(vectorCount: template.vectorCount, seed: seed)
    case .words(let manual): return try self.start(from: manual, vectorCount: template.vectorCount)
    case .prompt(let prompt): return try self.start(from: prompt, template: template)
    case .vectors(let vectors):
      precondition(vectors.rows == template.vectorCount && vectors.columns == table.width)
      return vectors
    }
  }

  /// Independent normal entries with the mean and deviation of the word embeddings: (vectorCount, C).
  func randomStart(vectorCount: Int, seed: UInt64) -> Matrix {
    let (mean, deviation) = table.moments()
    var stream = RandomStream(seed: seed, name: "tune.start")
    return stream.normalMatrix(rows: vectorCount, columns: table.width, mean: mean, deviation: deviation)
  }

  /// The mean word embedding, with noise: (vectorCount, C).
  func meanStart(vectorCount: Int, seed: UInt64) -> Matrix {
    var stream = RandomStream(seed: seed, name: "tune.start")
    return stream.normalMatrix(
      rows: vectorCount, columns: table.width, mean: 0, deviation: 0.1 * table.moments().deviation
    ).addingToRows(table.mean())
  }

  /// The embeddings of a manual template's words, cut or repeated to `vectorCount` rows.
  func start(from manual: Template, vectorCount: Int) throws(TransferError) -> Matrix {
    let ids = try manual.wordIds(tokenizer: tokenizer)
    guard !ids.isEmpty else {
      throw TransferError("template \"\(manual)\"", "has no words to start from")
    }
    return table.rows((0..<vectorCount).map { ids[$0 % ids.count] })
  }

  /// The vectors of a prompt of this model, one carried over for example; its template must be the one to be tuned.
  func start(from prompt: SoftPrompt, template: Template) throws(TransferError) -> Matrix {
    try prompt.requireMatch(table, name: name)
    guard prompt.template == template else {
      throw TransferError(
        "prompt for \(prompt.modelName)",
        "has the template \"\(prompt.template)\" where \"\(template)\" is to be tuned",
        hint: "Give the prompt's own template, or none")
    }
    return prompt.vectors
  }
}

extension Template {
  /// Throws where nothing of it can learn.
  func requireVectors() throws(TransferError) {
    guard vectorCount > 0 else {
      throw TransferError("template \"\(self)\"", "has no prompt vectors to tune", hint: "Add [V]*5")
    }
  }
}
