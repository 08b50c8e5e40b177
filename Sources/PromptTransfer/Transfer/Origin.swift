/// What an outcome was made from; makes the provenance of the carried prompt.
struct Origin: Sendable {
  let transfer: FittedTransfer
  /// One of each source.
  let prompts: [SoftPrompt]
  let weights: [Float]

  func prompt(_ outcome: FittedTransfer.Outcome) -> SoftPrompt {
    SoftPrompt(
      outcome.vectors, template: prompts[0].template, for: transfer.transfer.target,
      provenance: provenance(outcome))
  }

  private func provenance(_ outcome: FittedTransfer.Outcome) -> [String: String] {
    let (transfer, method) = (transfer.transfer, transfer.method)
    var entries = Provenance.createdBy("transfer")
    entries["method"] = method.name
    entries["normalize"] = outcome.normalization.rawValue
    entries.merge(outcome.notes) { $1 }
    entries["anchorCount"] = "\(transfer.words.words.count)"
    entries["seed"] = "\(transfer.seed)"
    entries["sources"] = sources
    switch transfer.words.count {
    case .all: break
    case .first: entries["anchorOrder"] = "sorted"
    case .random: entries["anchorOrder"] = "random"
    case .frequent(_, let skipped):
      entries["anchorOrder"] = "frequency"
      if skipped > 0 { entries["anchorSkip"] = "\(skipped)" }
    }
    if let leftOut = transfer.words.leftOut { entries["anchorsLeftOut"] = "\(leftOut)" }
    entries.merge(MethodRegistry.settings(of: method).mapValues(\.description)) { $1 }
    // Rows of the table, always; a model that scales them (Gemma) multiplies the prompt by this as well.
    let scale = transfer.target.table.inputScale
    if scale != 1 { entries["inputScale"] = "\(scale)" }
    entries.merge(SoftPrompt.provenance(of: prompts[0].labels)) { $1 }
    if let objective = outcome.meanObjective { entries["objective"] = "\(objective)" }
    if let choice = outcome.choice {
      entries["select"] = choice.judge.rawValue
      entries.merge(choice.setting) { $1 }
    }
    // What was not computed as it was asked for.
    for (name, value) in self.transfer.adjustments {
      entries["used" + name.prefix(1).uppercased() + name.dropFirst()] = value
    }
    if !outcome.isConverged { entries["converged"] = "false" }
    return entries
  }

  private var sources: String {
    Provenance.json(
      zip(prompts, zip(transfer.transfer.sources, weights)).map {
        Provenance.Source($0, $1.0, weight: $1.1)
      }.sorted { $0.key.lexicographicallyPrecedes($1.key) })
  }
}

extension FittedTransfer.Outcome {
  /// How the vectors got their lengths; none where the method that was used, or chosen, gives them itself.
  public var normalization: NormalizationRule {
    type(of: origin.transfer.method).hasOwnLengths ? .none : origin.transfer.transfer.normalization
  }

  /// The mean of the objective over the vectors; nil without anchors.
  public var meanObjective: Double? { objective.map { $0.reduce(0, +) / Double(max(1, $0.count)) } }
}
