import Tensors

/// The orthogonal matrix that takes the source's anchors closest to the target's; for unequal widths one with orthonormal columns
/// or rows.
///
/// Lengths are the source's, which the normalisation then replaces.
public struct Procrustes: TransferMethod {
  public static let name = "procrustes"
  public static let summary = "the rotation that takes the source's words closest to the target's"

  /// Whether the means of the words are taken away first: else a vector's part along the mean word is turned like any other.
  public var centred = false
  /// Along how many principal directions of each space, as in tokensurgeon's landmark PCA (with its rotation the right way round);
  /// all directions, of the narrower space where they differ, when `.all`. No principal directions are looked for when nil.
  public var components: Components?

  public enum Components: Sendable, Hashable {
    case all
    case first(Int)
  }

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable { case centred, components }

  public init() {}

  public init(centred: Bool, components: Components? = nil) {
    (self.centred, self.components) = (centred, components)
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    centred = try fields.decode(.centred, default: centred)
    if let given = try fields.decodeIfPresent(CountOrAll.self, forKey: .components) {
      components = given.count.map { .first($0) } ?? .all
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(centred, forKey: .centred)
    switch components {
    case nil: break
    case .all: try fields.encode(CountOrAll(count: nil), forKey: .components)
    case .first(let count): try fields.encode(CountOrAll(count: count), forKey: .components)
    }
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    if let components { return try principal(components, words, context) }
    return FittedMaps(words) { source, target in
      let means = centred ? source.means(with: target) : nil
      return MatrixMap(
        weight: OrthogonalProcrustes.solve(source.all(), target.all(), means: means), means: means)
    }
  }

  private func principal(
    _ components: Components, _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> FittedMaps {
    let narrowest = (words.sources + [words.target]).min { $0.width < $1.width } ?? words.target
    if case .first(let count) = components, count > narrowest.width {
      throw TransferError(
        "method procrustes",
        "has \(count) components where \(narrowest.space.name) has width \(narrowest.width)",
        hint: "Set components to no more than that, or to all")
    }
    return FittedMaps(words) { source, target in
      let sums = source.sums(
        with: target, includesTarget: true, centred: centred, parallelism: context.parallelism)
      let means = sums.means
      let count =
        switch components {
        case .all: min(source.width, target.width)
        case .first(let count): count
        }
      return MatrixMap(weight: OrthogonalProcrustes.solve(sums, directions: count), means: means)
    }
  }
}
