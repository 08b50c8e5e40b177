import Tensors

/// The start anew in the target's words, and what tuning changed carried by the linear map between the spaces about their means:
/// `t0 + c`, where `c` has the direction of `(p - s0) W` and `|c| = |p - s0| / mean|As - mus| * mean|At - mut|`.
///
/// Tuned vectors stay near their start. Where that is words, the target has them as they are: only the change has to be carried. What
/// started from anything else, or does not say from what, counts as started from the mean of the shared words; so do words that
/// a model does not know, or that the models cut into different numbers of tokens.
public struct StartAndChange: RidgeMethod {
  public static let name = "change"
  public static let summary = "the start in the target's words, and what tuning changed by the linear map"
  public static let normalization = NormalizationRule.none
  public static let hasOwnLengths = true

  /// In units of the mean diagonal of `As^T As`.
  public var ridge = 1.0

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable { case ridge }

  public init() {}

  public init(ridge: Double) { self.ridge = ridge }

  public init(from decoder: any Decoder) throws {
    ridge = try decoder.container(keyedBy: CodingKeys.self).number(.ridge, default: ridge, in: 0...)
  }

  private var map: LinearMap { LinearMap(ridge: ridge, centred: true) }

  /// What every ridge has in common.
  struct Sums {
    let maps: [PairedSums]
    /// How far the words are from their mean: in each source, and in the target.
    let lengths: [Double]
    let targetLength: Double

    /// - Parameter maps: the sums about the means
    init(_ maps: [PairedSums], _ words: SharedVocabulary) {
      self.maps = maps
      lengths = words.sources.map { TypicalLength(centred: $0).length }
      targetLength = TypicalLength(centred: words.target).length
    }
  }

  func sums(_ words: SharedVocabulary, _ context: FitContext) -> Sums {
    Sums(map.sums(words, context), words)
  }

  func fit(
    _ sums: consuming Sums, _ words: SharedVocabulary, _ context: FitContext
  ) -> any FittedMethod {
    let (maps, used) = map.maps(sums.maps)
    return FittedChange(
      maps: maps, lengths: sums.lengths, targetLength: sums.targetLength,
      adjustments: used > ridge ? ["ridge": "\(used)"] : [:])
  }
}

private struct FittedChange: FittedMethod {
  /// About the means.
  let maps: [MatrixMap]
  let lengths: [Double]
  let targetLength: Double
  let adjustments: [String: String]

  func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried {
    let starts = prompts.starts
    let parts = prompts.parts.map { part in
      let map = maps[part.source]
      var change = part.vectors
      if let starts {
        change.add(starts.sources[part.source], scaledBy: -1)
      } else if let means = map.means {
        change = change.addingToRows(means.source, scaledBy: -1)
      }
      let wanted = (0..<change.rows).map { change.rowNorm($0) / lengths[part.source] * targetLength }
      return (Normalization.lengths(wanted).forward(change.product(map.weight)), part.weight)
    }
    var vectors = SourceMean.of(parts)
    if let starts {
      vectors.add(starts.target, scaledBy: 1)
    } else if let means = maps[0].means {
      vectors = vectors.addingToRows(means.target)
    }
    var carried = Carried(vectors: vectors)
    carried.isNormalized = true
    carried.provenance = ["keptStart": starts?.name ?? PromptStart.mean.name]
    return carried
  }
}
