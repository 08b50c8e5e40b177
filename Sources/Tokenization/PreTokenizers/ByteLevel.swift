/// The 256 printable scalars that byte-level BPE writes bytes as (GPT-2's encoder.py, line 9).
enum ByteAlphabet {
  /// The scalar of each byte: itself where it is printable in Latin-1, else one from U+0100 on, in order.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt8.min...UInt8.max).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? "\u{FFFD}"
      }
    }
  }()

  private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

  /// The byte that the scalar stands for.
  static func byte(of scalar: Unicode.Scalar) -> UInt8? { bytes[scalar] }

  /// The bytes that the token stands for; its own where it has a scalar outside of the alphabet, as an added
  /// token may. (decoders in pre_tokenizers/byte_level.rs)
  static func bytes(of token: String) -> [UInt8] {
    var result: [UInt8] = []
    for scalar in token.unicodeScalars {
      guard let byte = byte(of: scalar) else { return Array(token.utf8) }
      result.append(byte)
    }
    return result
  }
}

/// GPT-2's pre-tokenizer: cuts by its pattern and writes each piece's UTF-8 bytes in `ByteAlphabet`.
///
/// `trim_offsets` moves offsets only; there are none here.
struct ByteLevelPreTokenizer: PreTokenizer {
  let addsPrefixSpace: Bool
  let splits: Bool

  func split(_ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces) {
    // Only U+0020 counts as a space that is there already (byte_level.rs).
    let text = addsPrefixSpace && piece.first != " " ? [" "] + piece : piece
    var start = text.startIndex
    while start < text.endIndex {
      let end = splits ? GPT2Pattern.end(ofPieceAt: start, in: text) : text.endIndex
      for index in start..<end { Self.add(text[index], to: &pieces) }
      pieces.close()
      start = end
    }
  }

  @inline(__always)
  private static func add(_ scalar: Unicode.Scalar, to pieces: inout Pieces) {
    if (0x21...0x7E).contains(scalar.value) {
      pieces.add(scalar)
    } else {
      for byte in UTF8.encode(scalar) ?? .init() { pieces.add(ByteAlphabet.scalars[Int(byte)]) }
    }
  }
}
