/// What the patterns of byte-level tokenizers tell apart: `\p{L}`, `\p{N}`, `\s`, and the rest.
enum ScalarKind {
  case letter, number, space, other

  @inline(__always)
  init(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x41...0x5A, 0x61...0x7A: self = .letter
    case 0x30...0x39: self = .number
    case 0x20, 0x09...0x0D: self = .space
    case 0..<0x80: self = .other
    default:
      if UnicodeSet.letters.contains(scalar) {
        self = .letter
      } else if UnicodeSet.numbers.contains(scalar) {
        self = .number
      } else {
        self = scalar.isWhitespace ? .space : .other
      }
    }
  }
}
