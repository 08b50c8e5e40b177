import Tensors

/// A control: the canonical map between words that do not belong together. The target's are in an order drawn with the seed.
///
/// It has all of the canonical map's settings; what it reaches is reached without what the models know in common.
public struct ShuffledAnchors: TransferMethod {
  public static let name = "shuffled"
  public static let summary = "a control: the canonical map with the target's words in a random order"
  public static let learnsBySeed = true
  public static let settingNames = CanonicalMap.settingNames

  public var map = CanonicalMap()

  public init() {}

  public init(_ map: CanonicalMap) { self.map = map }

  public init(from decoder: any Decoder) throws { map = try CanonicalMap(from: decoder) }

  public func encode(to encoder: any Encoder) throws { try map.encode(to: encoder) }
}

extension ShuffledAnchors: RidgeMethod {
  var ridge: Double {
    get { map.ridge }
    set { map.ridge = newValue }
  }

  func sums(_ words: SharedVocabulary, _ context: FitContext) -> [PairedSums] {
    var stream = RandomStream(seed: context.seed, name: "shuffled")
    return map.sums(words.permutingTarget(words.words.indices.shuffled(using: &stream)), context)
  }

  func fit(
    _ sums: consuming [PairedSums], _ words: SharedVocabulary, _ context: FitContext
  ) -> any FittedMethod { map.fit(sums, words, context) }
}

/// A control: a random matrix with the singular values of the canonical map, `Qs W Qt` with rotations that are drawn with the seed.
/// It has all of the canonical map's settings.
public struct RandomSpectrum: TransferMethod {
  public static let name = "spectrum"
  public static let summary = "a control: a random matrix with the singular values of the canonical map"
  public static let learnsBySeed = true
  public static let settingNames = CanonicalMap.settingNames

  public var map = CanonicalMap()

  public init() {}

  public init(_ map: CanonicalMap) { self.map = map }

  public init(from decoder: any Decoder) throws { map = try CanonicalMap(from: decoder) }

  public func encode(to encoder: any Encoder) throws { try map.encode(to: encoder) }
}

extension RandomSpectrum: RidgeMethod {
  var ridge: Double {
    get { map.ridge }
    set { map.ridge = newValue }
  }

  func sums(_ words: SharedVocabulary, _ context: FitContext) -> [PairedSums] { map.sums(words, context) }

  func fit(
    _ sums: consuming [PairedSums], _ words: SharedVocabulary, _ context: FitContext
  ) -> any FittedMethod {
    let (maps, ridge) = map.maps(sums)
    let right = Self.rotation(words.target.width, "spectrum.target", context.seed)
    return map.fitted(
      maps.map { map in
        let left = Self.rotation(map.weight.rows, "spectrum.source", context.seed)
        return MatrixMap(weight: left.product(map.weight).product(right), means: map.means)
      }, ridge: ridge)
  }

  /// Uniform among all rotations and reflections: the polar factor of a matrix of normal numbers.
  private static func rotation(_ width: Int, _ name: String, _ seed: UInt64) -> Matrix {
    var stream = RandomStream(seed: seed, name: name)
    return OrthogonalProcrustes.polarFactor(
      stream.normalMatrix(rows: width, columns: width, deviation: 1).elements.map { Double($0) }, rows: width,
      columns: width)
  }
}
