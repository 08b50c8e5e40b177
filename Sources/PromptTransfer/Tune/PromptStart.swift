import Tensors

/// Where the vectors of a prompt start from before they learn.
public enum PromptStart: Sendable {
  /// Independent normal entries with the mean and deviation of the model's word embeddings, drawn with the seed of the settings.
  case random
  /// The embeddings of a manual template's words, cut or repeated to the number of vectors.
  case words(Template)
  /// A prompt of the same model that is to be refined, one carried over for example; its template must be the one to be tuned.
  case prompt(SoftPrompt)
  /// (P, C), P as in the template.
  case vectors(Matrix)
}

extension EmbeddingSpace {
  /// The vectors (P, C) to start from.
  func vectors(
    _ start: PromptStart, template: Template, seed: UInt64
  ) throws(TransferError) -> Matrix {
    switch start {
    case .random: return randomStart(vectorCount: template.vectorCount, seed: seed)
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

  /// The embeddings of a manual template's words, cut or repeated to `vectorCount` rows.
  func start(from manual: Template, vectorCount: Int) throws(TransferError) -> Matrix {
    let ids = manual.wordIds(tokenizer: tokenizer)
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
