import Tensors

// Where the vectors of a prompt start from before they learn.
extension EmbeddingSpace {
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
        hint: "Leave --template out, or give the prompt's own")
    }
    return prompt.vectors
  }
}
