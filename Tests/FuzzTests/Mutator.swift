import Foundation
import Tensors

/// Damages files, the same way for the same seed.
struct Mutator {
  private var stream: RandomStream

  init(seed: UInt64, name: String) { stream = RandomStream(seed: seed, name: name) }

  mutating func pick(_ count: Int) -> Int { Int(stream.next() % UInt64(max(1, count))) }

  /// Texts that readers trip over.
  private static let nasty = [
    "99999999999999999999", "-1", "0", "1e999", "18446744073709551615", "9223372036854775807", "null", "{}",
    "[]", "\"\"",
    "\\ud800", "\u{0}", "[[[[[[[[", "true", "\u{FFFF}", "0x7f", "4294967296",
  ].map { Array($0.utf8) }

  /// One to four changes, most of them near the beginning, where headers are.
  mutating func mutate(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...pick(4) {
      guard !bytes.isEmpty else { return bytes }
      let reach = pick(4) == 0 ? bytes.count : min(bytes.count, 2048)
      let place = pick(reach)
      let end = min(bytes.count, place + 1 + pick(16))
      switch pick(8) {
      case 0: bytes[place] ^= 1 << UInt8(pick(8))
      case 1: bytes[place] = UInt8(pick(256))
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 4: bytes.insert(contentsOf: Self.nasty[pick(Self.nasty.count)], at: place)
      case 5: bytes.replaceSubrange(place..<end, with: Self.nasty[pick(Self.nasty.count)])
      case 6: bytes.removeLast(min(bytes.count, 1 + pick(bytes.count)))
      default:
        if let digit = bytes[place..<reach].firstIndex(where: { (0x30...0x39).contains($0) }) {
          bytes[digit] = UInt8(0x30 + pick(10))
        }
      }
    }
    return bytes
  }
}
