import Tensors

/// The default: each canonical direction of the source's anchors goes to its partner in the target, shrunk by a power of their
/// correlation where that is asked for.
///
/// A prompt's vectors resemble no word, and much of what makes them work lies along directions in which words agree little. So nothing is
/// shrunk by default, and the ridge, which whitens only in part, keeps noise from being blown up: between ordinary models that carries more
/// than any shrinking, and between models alike as much where tuning starts from words. `docs/findings.md` has what the settings
/// were chosen by.
///
/// Its corners are maps of their own: shrinkage 1 is the linear map; shrinkage 0 with ridge 0 is canonical correlation analysis,
/// and with a ridge that grows it comes to ``Procrustes``, up to one factor. The ridge is what whitens in part.
public struct CanonicalMap: TransferMethod {
  public static let name = "canonical"
  public static let summary = "pairs the directions along which the models' words agree (the default)"

  /// In units of the mean square of each side's entries.
  public var ridge = 3.0
  /// The power of the correlations: 1 is the linear map, 0 no shrinking.
  public var shrinkage = 0.0
  /// Whether the means of the words are taken away before, and the target's is added after.
  public var centred = false

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable { case ridge, shrinkage, centred }

  public init() {}

  public init(ridge: Double, shrinkage: Double = 0, centred: Bool = false) {
    (self.ridge, self.shrinkage, self.centred) = (ridge, shrinkage, centred)
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    ridge = try fields.number(.ridge, default: ridge, in: 0...)
    shrinkage = try fields.number(.shrinkage, default: shrinkage, in: 0...1)
    centred = try fields.decode(.centred, default: centred)
  }
}

/// The least-squares map between two spaces, `W = (As^T As + lambda I)^-1 As^T At`: the canonical map with shrinkage 1, found
/// without a decomposition. Centred and with ridge 0 it is the affine map of least squares, `p -> p W + b`.
public struct LinearMap: TransferMethod {
  public static let name = "linear"
  public static let summary = "the linear map with the least squared error over the shared words"

  /// In units of the mean diagonal of `As^T As`.
  public var ridge = 1.0
  /// Whether the means of the words are taken away before, and the target's is added after.
  public var centred = false
  /// Whether only the map's polar factor is used, `U V^T` of `W = U diag(s) V^T`: the rotation in it.
  public var polar = false

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable { case ridge, centred, polar }

  public init() {}

  public init(ridge: Double, centred: Bool = false, polar: Bool = false) {
    (self.ridge, self.centred, self.polar) = (ridge, centred, polar)
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    ridge = try fields.number(.ridge, default: ridge, in: 0...)
    centred = try fields.decode(.centred, default: centred)
    polar = try fields.decode(.polar, default: polar)
  }
}

/// What both are found from: the sums over each source's anchors and the target's.
protocol MapOfSums: RidgeMethod where Sums == [PairedSums] {
  /// Whether the sums over the target's anchors alone are looked at.
  var readsTarget: Bool { get }
  var centred: Bool { get }
  /// - Returns: the map (Cs, Ct), and the ridges that were used
  func weight(_ sums: consuming PairedSums) -> (Matrix, ridges: [Double])
}

extension MapOfSums {
  func sums(_ words: SharedVocabulary, _ context: FitContext) -> [PairedSums] {
    words.sources.map {
      $0.sums(
        with: words.target, includesTarget: readsTarget, centred: centred, parallelism: context.parallelism)
    }
  }

  func fit(
    _ sums: consuming [PairedSums], _ words: SharedVocabulary, _ context: FitContext
  ) -> any FittedMethod {
    let (maps, ridge) = maps(sums)
    return fitted(maps, ridge: ridge)
  }

  /// The map from each source, and the largest ridge that was used.
  func maps(_ sums: consuming [PairedSums]) -> (maps: [MatrixMap], ridge: Double) {
    var maps: [MatrixMap] = []
    var raised = ridge
    // One after the other, each given up before the next: they are as large as the square of the models' width.
    while !sums.isEmpty {
      let means = sums[0].means
      let (weight, ridges) = self.weight(sums.removeFirst())
      maps.append(MatrixMap(weight: weight, means: means))
      raised = ridges.filter(\.isFinite).reduce(raised, max)
    }
    return (maps, raised)
  }

  func fitted(_ maps: [MatrixMap], ridge used: Double) -> FittedMaps {
    var fitted = FittedMaps(maps)
    if used > ridge { fitted.adjustments = ["ridge": "\(used)"] }
    return fitted
  }
}

extension CanonicalMap: MapOfSums {
  var readsTarget: Bool { shrinkage != 1 }

  package func weight(_ sums: consuming PairedSums) -> (Matrix, ridges: [Double]) {
    if shrinkage == 1 { return LinearMap(ridge: ridge).weight(sums) }
    let (height, width) = (sums.sourceWidth, sums.targetWidth)
    guard let correlations = CanonicalCorrelations(sums, ridge: ridge) else {
      return (Matrix(rows: height, columns: width, repeatElement(.nan, count: height * width)), [])
    }
    return (
      correlations.map(exponent: shrinkage), [correlations.sourceRidge, correlations.targetRidge]
    )
  }
}

extension LinearMap: MapOfSums {
  var readsTarget: Bool { false }

  package func weight(_ sums: consuming PairedSums) -> (Matrix, ridges: [Double]) {
    let (source, product, _) = sums.parts()
    let (height, width) = (source.width, product.count / max(1, source.width))
    let factor = (consume source).factored(ridge: ridge)
    var weight = [Double](repeating: 0, count: height * width)
    // A right-hand side for each column of the target.
    var sides = [Double](repeating: 0, count: height)
    for column in 0..<width {
      for row in 0..<height { sides[row] = product[row * width + column] }
      let solution = factor.solve(sides)
      for row in 0..<height { weight[row * width + column] = solution[row] }
    }
    let ridges = [factor.ridge]
    if polar { return (OrthogonalProcrustes.polarFactor(weight, rows: height, columns: width), ridges) }
    return (Matrix(rows: height, columns: width, weight.lazy.map { Float($0) }), ridges)
  }
}
