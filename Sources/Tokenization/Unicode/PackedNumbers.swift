/// Numbers written as text, the form of the Unicode tables beside this file.
///
/// Five bits a character, lowest first; of the 64 digits `A…Z a…z 0…9 - _` the upper 32 say that another one
/// follows. scripts/goldens/tokenizers.py writes them, from what the pinned tokenizers package does.
struct PackedNumbers {
  private var digits: String.UTF8View.Iterator

  init(_ text: String) { digits = text.utf8.makeIterator() }

  /// The next number, or nil at the end.
  mutating func next() -> Int? {
    var value = 0
    var shift = 0
    while let character = digits.next() {
      let digit = Self.digit(character)
      value |= (digit & 31) << shift
      if digit < 32 { return value }
      shift += 5
    }
    return nil
  }

  /// The next number of those that may be negative: 0, -1, 1, -2 … are written 0, 1, 2, 3 …
  mutating func nextSigned() -> Int? {
    next().map { $0 & 1 == 0 ? $0 >> 1 : -($0 >> 1) - 1 }
  }

  private static func digit(_ character: UInt8) -> Int {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "-"): 62
    default: 63
    }
  }
}
