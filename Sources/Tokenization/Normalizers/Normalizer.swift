/// Rewrites text before it is cut into pieces.
protocol Normalizer: Sendable {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar]
}

/// Normalizers one after another.
struct NormalizerSequence: Normalizer {
  let members: [any Normalizer]

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    members.reduce(text) { $1.normalize($0) }
  }
}

extension Field {
  /// The normalizer that this object of a tokenizer.json describes.
  func normalizer() throws(TokenizationError) -> any Normalizer {
    switch try member("type").string() {
    case "Sequence":
      var members: [any Normalizer] = []
      for element in try member("normalizers").elements() { members.append(try element.normalizer()) }
      return NormalizerSequence(members: members)
    case "BertNormalizer": return try BertNormalizer(self)
    case "NFC": return UnicodeForm.nfc
    case "NFD": return UnicodeForm.nfd
    case "NFKC": return UnicodeForm.nfkc
    case "NFKD": return UnicodeForm.nfkd
    case "Lowercase": return Lowercase()
    case "StripAccents": return StripAccents()
    case "Strip":
      return Strip(
        left: try member("strip_left").bool(), right: try member("strip_right").bool())
    case "Prepend": return Prepend(text: Array(try member("prepend").string().unicodeScalars))
    case "Replace": return try Replace(self)
    case "Precompiled": return try PrecompiledNormalizer(self)
    case "ByteLevel": return ByteLevelNormalizer()
    case "Nmt": return Nmt()
    default:
      throw unknownType(
        "normalizer",
        known: [
          "Sequence", "BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip",
          "Prepend", "Replace", "Precompiled", "ByteLevel", "Nmt",
        ])
    }
  }
}
