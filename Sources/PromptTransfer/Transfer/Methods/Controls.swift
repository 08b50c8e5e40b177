import Tensors

/// A control with all of the canonical map's settings: what it reaches is reached without what the models know in common.
protocol CanonicalControl: RidgeMethod where Sums == [PairedSums] {
  var map: CanonicalMap { get set }
  init(_ map: CanonicalMap)
}

extension CanonicalControl {
  public static var learnsBySeed: Bool { true }
  public static var settingNames: [String] { CanonicalMap.settingNames }

  public init() { self.init(CanonicalMap()) }
  public init(from decoder: any Decoder) throws { self.init(try CanonicalMap(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try map.encode(to: encoder) }

  var ridge: Double {
    get { map.ridge }
    set { map.ridge = newValue }
  }
}

/// A control: the canonical map between words that do not belong together. The target's are in an order drawn with the seed.
public struct ShuffledAnchors: TransferMethod {
  public static let name = "shuffled"
  public static let summary = "a control: the canonical map with the target's words in a random order"

  public var map: CanonicalMap

  public init(_ map: CanonicalMap) { self.map = map }
}

extension ShuffledAnchors: CanonicalControl {
  func sums(_ words: SharedVocabulary, _ context: FitContext) -> [PairedSums] {
    var stream = RandomStream(seed: context.seed, name: "shuffled")
    return map.sums(words.permutingTarget(words.words.indices.shuffled(using: &stream)), context)
  }

  func fit(
    _ sums: consuming [PairedSums], _ words: SharedVocabulary, _ context: FitContext
  ) -> any FittedMethod { map.fit(sums, words, context) }
}

/// A control: a random matrix with the singular values of the canonical map, `Qs W Qt` with rotations that are drawn with the seed.
public struct RandomSpectrum: TransferMethod {
  public static let name = "spectrum"
  public static let summary = "a control: a random matrix with the singular values of the canonical map"

  public var map: CanonicalMap

  public init(_ map: CanonicalMap) { self.map = map }
}

extension RandomSpectrum: CanonicalControl {
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
