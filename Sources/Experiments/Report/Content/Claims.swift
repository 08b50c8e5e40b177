import PromptTransfer

extension ExperimentReport {
  /// The paper's claims on these models: each holds, does not hold, or cannot be told from noise.
  var claims: Section? {
    let sentences = configuration.claims.compactMap { claim -> Prose? in
      guard let better = entry(claim.better), let worse = entry(claim.than) else { return nil }
      let content = FigureContent(report: self, figure: Figure(.comparison), id: "", title: "")
      guard let comparison = content.compare(better, worse, results.mainPairs) else { return nil }
      let sides =
        "\(content.name(better)) against \(content.name(worse)): \(Shown.difference(comparison)) points"
      return Prose.strong(claim.claim) + Prose(" \(Self.verdict(comparison)) (\(sides)).")
    }
    guard !sentences.isEmpty else { return nil }
    return Section(
      id: id("claims"), title: "The paper’s claims, asked here", blocks: [.list(sentences)])
  }

  private static func verdict(_ comparison: PairedComparison) -> String {
    if !comparison.isTold {
      return "Cannot be told from \(Shown.count(comparison.relationCount, "relation"))"
    }
    if !comparison.isBeyondNoise { return "Here the difference is within noise" }
    return comparison.difference > 0 ? "Holds here" : "Does not hold here: it is the other way round"
  }

  private func entry(_ side: Claim.Side) -> FigureContent.Entry? {
    configuration.methods.first {
      $0.label == side.label && (side.anchorCount == nil || $0.options.anchorCount == side.anchorCount)
    }.map { FigureContent.Entry(method: $0, vectorCount: side.vectorCount ?? mainVectorCount) }
  }
}
