import Tensors

/// Which anchors a prompt vector is described by.
public enum AnchorMask: Sendable, Hashable {
  case all
  /// The `count` most similar ones.
  case top(Int)
  /// Those of the `count` largest similarities by absolute value.
  case topAbsolute(Int)

  /// How many of so many anchors count.
  func count(of anchors: Int) -> Int {
    switch self {
    case .all: anchors
    case .top(let limit), .topAbsolute(let limit): min(max(0, limit), anchors)
    }
  }

  /// The anchors that count, ascending, of similarities to all of them; nil for all. Of equal ones the first.
  package func kept(_ similarities: UnsafeBufferPointer<Float>) -> [Int]? {
    let count: Int
    let strength: (Float) -> Float
    switch self {
    case .all: return nil
    case .top(let limit): (count, strength) = (limit, { $0 })
    case .topAbsolute(let limit): (count, strength) = (limit, { abs($0) })
    }
    guard count < similarities.count else { return nil }
    guard count > 0 else { return [] }
    // Strength and place in one number, which orders them without ties.
    let keys = similarities.enumerated().map { place, value in
      UInt64(Self.ordered(strength(value))) << 32 | UInt64(UInt32.max - UInt32(place))
    }
    let least = Self.largest(count, of: keys)
    return keys.indices.filter { keys[$0] >= least }
  }

  /// A number that orders as the float does.
  private static func ordered(_ value: Float) -> UInt32 {
    let bits = (value + 0).bitPattern  // no negative zero
    return bits >> 31 == 0 ? bits | 1 << 31 : ~bits
  }

  /// The `count`th largest: Hoare's selection, in linear time for all but contrived orders.
  private static func largest(_ count: Int, of keys: [UInt64]) -> UInt64 {
    var keys = keys
    let place = keys.count - count
    var (low, high) = (0, keys.count - 1)
    while low < high {
      let pivot = keys[(low + high) / 2]
      var (left, right) = (low, high)
      while left <= right {
        while keys[left] < pivot { left += 1 }
        while keys[right] > pivot { right -= 1 }
        guard left <= right else { break }
        keys.swapAt(left, right)
        (left, right) = (left + 1, right - 1)
      }
      if place <= right {
        high = right
      } else if place >= left {
        low = left
      } else {
        break
      }
    }
    return keys[place]
  }
}
