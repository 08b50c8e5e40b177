import Foundation
import Tensors

/// The rule that gives a transferred prompt the target's scale (cosines fix directions only).
public enum NormalizationRule: String, Sendable, Codable, CaseIterable {
  /// Every row keeps its length relative to its own vocabulary: `|Pt[i]| = |Ps[i]| / mean|As| * mean|At|`.
  case strength
  /// Every row keeps its distance from the mean word, relative to its own vocabulary's:
  /// `|Pt[i] - mut| = |Ps[i] - mus| / mean|As - mus| * mean|At - mut|`. It suits centred maps: their common part stays as it is.
  case deviation
  /// Every row gets the length `sqrt(Ct (mu^2 + sigma^2))` of a typical word.
  case scale
  /// The whole matrix gets the mean and deviation of the target's table (the paper). Changes the directions.
  case moments
  case none
}

/// The numbers that a rule needs of a pair of models.
struct FittedNormalization: Sendable {
  private enum Numbers: Sendable {
    case none
    case moments(mean: Double, deviation: Double)
    case length(Double)
    /// The mean length of the anchors in each source and in the target; from their means where there are some.
    case typicalLengths(sources: [TypicalLength], target: TypicalLength)
  }
  private let numbers: Numbers

  init(_ rule: NormalizationRule, _ words: SharedVocabulary) {
    switch rule {
    case .none: numbers = .none
    case .moments:
      let (mean, deviation) = words.target.space.table.moments()
      numbers = .moments(mean: mean, deviation: deviation)
    case .scale:
      let (mean, deviation) = words.target.space.table.moments()
      numbers = .length((Double(words.target.width) * (mean * mean + deviation * deviation)).squareRoot())
    case .strength:
      numbers = .typicalLengths(
        sources: words.sources.map { TypicalLength($0) }, target: TypicalLength(words.target))
    case .deviation:
      numbers = .typicalLengths(
        sources: words.sources.map { TypicalLength(centred: $0) },
        target: TypicalLength(centred: words.target))
    }
  }

  /// The normalisation of what is made of these prompts.
  func callAsFunction(_ prompts: SourcePrompts) -> Normalization {
    switch numbers {
    case .none: .none
    case .moments(let mean, let deviation): .moments(mean: mean, deviation: deviation)
    case .length(let length): .lengths(Array(repeating: length, count: prompts.vectorCount))
    case .typicalLengths(let sources, let target):
      .lengths(
        prompts.strengths(typicalLengths: sources).map { $0 * target.length }, about: target.centre)
    }
  }
}

/// How long a model's words are.
struct TypicalLength: Sendable {
  /// The mean over the words.
  let length: Double
  /// From where lengths are measured; the origin when nil.
  let centre: [Double]?

  init(_ anchors: AnchorRows) { (length, centre) = (anchors.meanNorm, nil) }

  init(centred anchors: AnchorRows) {
    let mean = anchors.mean()
    let distances = anchors.distances(from: mean)
    (length, centre) = (distances.reduce(0, +) / Double(max(1, distances.count)), mean)
  }
}

/// A normalisation with its numbers.
public enum Normalization: Sendable {
  /// `(V - mean(V)) / std(V) * deviation + mean` over all entries, `std` being the sample value, as in the reference.
  case moments(mean: Double, deviation: Double)
  /// Row `i` gets the length `lengths[i]`, or that distance from a point.
  case lengths([Double], about: [Double]? = nil)
  case none

  package func forward(_ v: Matrix) -> Matrix {
    var y = v
    switch self {
    case .moments(let mean, let deviation):
      let (center, spread) = Self.sampleMoments(v)
      let target = y.mutablePointer()
      for i in 0..<v.count { target[i] = Float((Double(target[i]) - center) / spread * deviation + mean) }
    case .lengths(let lengths, let centre):
      precondition(lengths.count == v.rows)
      if let centre { y = y.addingToRows(centre, scaledBy: -1) }
      let norms = (0..<v.rows).map(y.rowNorm)
      let target = y.mutablePointer()
      for (row, norm) in norms.enumerated() where norm > 0 {
        for i in row * v.columns..<(row + 1) * v.columns {
          target[i] = Float(Double(target[i]) * lengths[row] / norm)
        }
      }
      if let centre { y = y.addingToRows(centre) }
    case .none: break
    }
    return y
  }

  /// The gradient of `v` from that of `forward(v)`.
  package func backward(_ v: Matrix, _ dy: Matrix) -> Matrix {
    var dv = dy
    switch self {
    case .moments(_, let deviation):
      let (center, spread) = Self.sampleMoments(v)
      let z = { (i: Int) in (Double(v.pointer[i]) - center) / spread }
      let count = Double(v.count)
      var (mean, along) = (0.0, 0.0)
      for i in 0..<v.count {
        mean += Double(dy.pointer[i])
        along += Double(dy.pointer[i]) * z(i)
      }
      mean /= count
      along /= count - 1
      let target = dv.mutablePointer()
      for i in 0..<v.count {
        target[i] = Float(deviation / spread * (Double(dy.pointer[i]) - mean - z(i) * along))
      }
    case .lengths(let lengths, let centre):
      let v = centre.map { v.addingToRows($0, scaledBy: -1) } ?? v
      let target = dv.mutablePointer()
      for row in 0..<v.rows {
        let norm = v.rowNorm(row)
        guard norm > 0 else { continue }
        let along = kernels.dot_double(v.pointer + row * v.columns, dy.pointer + row * v.columns, v.columns)
        for i in row * v.columns..<(row + 1) * v.columns {
          target[i] = Float(
            lengths[row] / norm * (Double(dy.pointer[i]) - Double(v.pointer[i]) * along / (norm * norm)))
        }
      }
    case .none: break
    }
    return dv
  }

  private static func sampleMoments(_ v: Matrix) -> (mean: Double, deviation: Double) {
    let count = Double(v.count)
    let mean = (0..<v.count).reduce(0.0) { $0 + Double(v.pointer[$1]) } / count
    let squares = (0..<v.count).reduce(0.0) {
      $0 + (Double(v.pointer[$1]) - mean) * (Double(v.pointer[$1]) - mean)
    }
    return (mean, max((squares / max(1, count - 1)).squareRoot(), .leastNormalMagnitude))
  }
}
