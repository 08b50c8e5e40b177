/// Text that scripts/goldens/tokenizers.py generates too, so that neither lines nor ids need to be committed.
enum GeneratedText {
  private static let ranges: [Range<UInt64>] = [
    0x20..<0x7F, 0x00..<0x300, 0x00..<0x3400, 0x300..<0x370, 0xAC00..<0xAC80, 0x1100..<0x1200,
    0x4DF0..<0x4E40, 0x2000..<0x2070, 0x1F1E6..<0x1F680, 0x61..<0x7B, 0xE000..<0x10000, 0x10000..<0x30000,
  ]
  private static let mixture = Array("   \t\n'''strevlmd.,aE1".unicodeScalars)

  /// Lines of up to 48 scalars from two ranges each, with spaces, apostrophes and letters of contractions.
  static func lines(seed: UInt64, count: Int) -> [String] {
    var generator = SplitMix64(state: seed)
    return (0..<count).map { _ in
      let length = generator.next() % 49
      let pair = [
        ranges[Int(generator.next() % UInt64(ranges.count))],
        ranges[Int(generator.next() % UInt64(ranges.count))],
      ]
      var line = String.UnicodeScalarView()
      for _ in 0..<length {
        let kind = generator.next() % 8
        if kind < 5 {
          let range = pair[Int(kind % 2)]
          line.append(scalar(range.lowerBound + generator.next() % UInt64(range.count)))
        } else {
          line.append(mixture[Int(generator.next() % UInt64(mixture.count))])
        }
      }
      return String(line)
    }
  }

  /// Every scalar of the blocks where properties change often, between letters, 64 to a line.
  static func scalarLines() -> [String] {
    let blocks: [Range<UInt64>] = [
      0..<0x3400, 0xA000..<0xAC10, 0xD7A0..<0xD800, 0xF900..<0x12000, 0x16000..<0x17000, 0x1B000..<0x1F000,
      0x2F800..<0x2FA20, 0xE0000..<0xE0200,
    ]
    let scalars = blocks.joined().map(scalar)
    return stride(from: 0, to: scalars.count, by: 64).map { start in
      var line = String.UnicodeScalarView()
      for scalar in scalars[start..<min(start + 64, scalars.count)] { line += ["a", scalar, "B"] }
      return String(line)
    }
  }

  private static func scalar(_ value: UInt64) -> Unicode.Scalar {
    Unicode.Scalar(UInt32(value)) ?? "\u{FFFD}"
  }
}

struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// FNV-1a by whole ids, with 2^32 - 1 after each row.
struct Digest {
  private var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ row: [Int]) {
    for id in row { value = (value ^ UInt64(id)) &* 0x100_0000_01B3 }
    value = (value ^ 0xFFFF_FFFF) &* 0x100_0000_01B3
  }

  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
