import Foundation
import Tensors

/// Rotary positions: the first `width` numbers of each head are turned, pair by pair.
struct Rotary: Sendable, Hashable {
  /// Pair `i` turns by `base^(-2i / width)` a position, before scaling.
  let base: Double
  let width: Int
  var scaling = RotaryScaling.none

  /// Which of the scaling's sets of frequencies a sequence of that length is turned by: equal lengths, equal numbers.
  func variant(length: Int) -> Int {
    switch scaling {
    case .dynamic(_, let longest): length > longest ? length : 0
    case .longRoPE(let factors): length > factors.original ? 1 : 0
    default: 0
    }
  }

  /// The longest sequence, where without scaling it is the one given.
  func longest(_ stated: Int) -> Int {
    guard case .dynamic(let factor, let longest) = scaling else { return stated }
    return max(stated, Int(factor * Double(longest)))
  }

  /// The angle of each pair at position 1 (width / 2), and what turned vectors are multiplied by.
  func frequencies(length: Int) -> (angles: [Float], magnitude: Float) {
    let pairs = (0..<width / 2).map { Float(2 * $0) / Float(width) }
    func angles(_ base: Double) -> [Float] { pairs.map { 1 / powf(Float(base), $0) } }
    return scaling.apply(angles(base), width: width, base: base, length: length, angles: angles)
  }

  /// Angles of that many positions.
  func rotation(length: Int, positions: Int) -> Rotation {
    let (angles, magnitude) = frequencies(length: length)
    return Rotation(frequencies: angles, positions: positions, length: magnitude)
  }
}
