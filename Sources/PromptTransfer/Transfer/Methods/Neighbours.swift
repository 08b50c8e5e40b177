import Foundation
import Tensors

/// The nearest words of each vector with weights, and the same mixture of the target's words.
///
/// Published ones are presets of ``MethodRegistry``: `wechsel` (Minixhofer et al. 2022) and `focus` (Dobler and de Melo 2023), which
/// find neighbours in an auxiliary space where this one looks at the source itself, and the interpolation of mergekit's
/// tokensurgeon, the defaults.
public struct Neighbours: TransferMethod {
  public static let name = "neighbours"
  public static let summary = "the nearest shared words of each vector, mixed with weights"

  public enum Metric: String, Sendable, Codable, CaseIterable { case euclidean, cosine }

  public enum Weights: Sendable, Hashable {
    /// `1 / d` by the metric's distance, 1 less the cosine for `cosine`; a word at distance 0 takes all.
    case inverseDistance
    /// The mixture closest to the vector whose weights add up to 1; of several the most even one.
    case barycentric
    /// The mixture closest to the vector; of several the one with the smallest weights.
    case leastSquares
    /// `softmax(cos / temperature)`.
    case softmax(temperature: Double)
    /// The point of the simplex that is closest to the cosines (Martins and Astudillo 2016).
    case sparsemax
  }

  /// How many words describe a vector; all when nil.
  public var wordCount: Int?
  public var metric: Metric
  public var weights: Weights

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable { case wordCount, metric, weights, temperature }

  private enum WeightsName: String, Codable, CaseIterable {
    case inverseDistance, barycentric, leastSquares, softmax, sparsemax
  }

  /// The most words that are fitted by least squares: that costs the cube of their number, or of the width.
  private static let fitLimit = 4096

  public init() { self.init(64) }

  public init(_ wordCount: Int?, metric: Metric = .euclidean, weights: Weights = .inverseDistance) {
    (self.wordCount, self.metric, self.weights) = (wordCount, metric, weights)
  }

  public init(from decoder: any Decoder) throws {
    self.init()
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metric = try fields.choice(Metric.self, forKey: .metric) ?? metric
    let name = try fields.choice(WeightsName.self, forKey: .weights) ?? .inverseDistance
    if name != .softmax { try fields.refuse([.temperature], "belongs to weights=softmax") }
    switch name {
    case .inverseDistance: weights = .inverseDistance
    case .barycentric: weights = .barycentric
    case .leastSquares: weights = .leastSquares
    case .softmax:
      weights = .softmax(temperature: try fields.number(.temperature, default: 0.1, in: 1e-6...1e6))
    case .sparsemax: weights = .sparsemax
    }
    if let count = try fields.decodeIfPresent(CountOrAll.self, forKey: .wordCount) { wordCount = count.count }
    if name == .barycentric || name == .leastSquares, wordCount ?? .max > Self.fitLimit {
      throw DecodingError.dataCorruptedError(
        forKey: .wordCount, in: fields,
        debugDescription: "wants a number from 1 to \(Self.fitLimit) with weights=\(name.rawValue)")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(CountOrAll(count: wordCount), forKey: .wordCount)
    try fields.encode(metric, forKey: .metric)
    let name: WeightsName
    switch weights {
    case .inverseDistance: name = .inverseDistance
    case .barycentric: name = .barycentric
    case .leastSquares: name = .leastSquares
    case .softmax(let temperature):
      name = .softmax
      try fields.encode(temperature, forKey: .temperature)
    case .sparsemax: name = .sparsemax
    }
    try fields.encode(name, forKey: .weights)
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    FittedMaps(words) { source, target in
      NeighbourMap(source: HeldAnchors(source, context.parallelism), target: target, settings: self)
    }
  }
}

private struct NeighbourMap: VectorMap {
  let source: HeldAnchors
  let target: AnchorRows
  let settings: Neighbours

  func apply(_ vectors: Matrix) -> Matrix {
    let products = source.products(vectors)
    return target.sums(
      (0..<vectors.rows).map { row in
        mixture(vectors.row(row).map(Double.init), products.row(row), length: vectors.rowNorm(row))
      })
  }

  private func mixture(
    _ vector: [Double], _ products: UnsafeBufferPointer<Float>, length: Double
  ) -> WordMixture {
    func cosine(_ place: Int) -> Double {
      let lengths = length * source.lengths[place]
      return lengths > 0 ? Double(products[place]) / lengths : 0
    }
    func distance(_ place: Int) -> Double {
      switch settings.metric {
      case .cosine: max(0, 1 - cosine(place))
      case .euclidean:
        zip(vector, source.rows.row(place)).reduce(0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) }
          .squareRoot()
      }
    }
    // Of distances what differs between the words.
    let nearness = (0..<source.count).map { place in
      switch settings.metric {
      case .cosine: Float(cosine(place))
      case .euclidean: Float(2 * Double(products[place]) - source.lengths[place] * source.lengths[place])
      }
    }
    let mask = settings.wordCount.map { AnchorMask.top($0) } ?? .all
    let places = nearness.withUnsafeBufferPointer { mask.kept($0) } ?? Array(0..<source.count)
    let weights =
      switch settings.weights {
      case .inverseDistance: Self.inverse(places.map(distance))
      case .barycentric: Self.barycentric(vector, source.rows.gathering(places))
      case .leastSquares: WordMixture.leastSquares(vector, source.rows.gathering(places))
      case .softmax(let temperature): Self.softmax(places.map { cosine($0) / temperature })
      case .sparsemax: Self.sparsemax(places.map(cosine))
      }
    return WordMixture(places: places, weights: weights)
  }

  private static func inverse(_ distances: [Double]) -> [Double] {
    if let same = distances.firstIndex(of: 0) { return distances.indices.map { $0 == same ? 1 : 0 } }
    let total = distances.reduce(0) { $0 + 1 / $1 }
    return distances.map { 1 / $0 / total }
  }

  /// About the mean of the rows, where a further column of one number makes the changes of the weights add up to 0.
  private static func barycentric(_ vector: [Double], _ rows: Matrix) -> [Double] {
    let (count, width) = (rows.rows, rows.columns)
    let mean = rows.sum(weights: [Double](repeating: 1 / Double(count), count: count))
    let offsets = rows.addingToRows(mean, scaledBy: -1)
    let scale = offsets.meanRowNorm
    var extended = Matrix(rows: count, columns: width + 1)
    for row in 0..<count { extended.setRow(row, offsets.row(row).map(Double.init) + [scale]) }
    let changes = WordMixture.leastSquares(zip(vector, mean).map { $0 - $1 } + [0], extended)
    return changes.map { 1 / Double(count) + $0 }
  }

  private static func softmax(_ values: [Double]) -> [Double] {
    let largest = values.max() ?? 0
    let powers = values.map { exp($0 - largest) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  private static func sparsemax(_ values: [Double]) -> [Double] {
    var (sum, threshold) = (0.0, -Double.infinity)
    for (index, value) in values.sorted(by: >).enumerated() {
      sum += value
      guard 1 + Double(index + 1) * value > sum else { break }
      threshold = (sum - 1) / Double(index + 1)
    }
    return values.map { max(0, $0 - threshold) }
  }
}
