/// Rewrites text before it is cut into pieces. Throws where a regular expression is not matched in bounded steps.
protocol Normalizer: Sendable {
  func normalize(_ text: [Unicode.Scalar]) throws(TokenizationError) -> [Unicode.Scalar]
}

/// Normalizers one after another.
struct NormalizerSequence: Normalizer {
  let members: [any Normalizer]

  func normalize(_ text: [Unicode.Scalar]) throws(TokenizationError) -> [Unicode.Scalar] {
    var text = text
    for member in members { text = try member.normalize(text) }
    return text
  }
}

extension Normalizer {
  /// How many times longer text may become, of one scalar at worst.
  var growth: Double {
    switch self {
    case let sequence as NormalizerSequence: sequence.members.reduce(1) { $0 * $1.growth }
    case let replace as Replace: max(1, Double(replace.content.count) / Double(replace.pattern.shortestMatch))
    case let prepend as Prepend: Double(prepend.text.count + 1).squareRoot()
    default: 1
    }
  }
}

extension Field {
  fileprivate static let growthLimit = 4096.0

  /// A text that a normalizer puts into others; each word of a vocabulary may get it.
  func insertedText() throws(TokenizationError) -> [Unicode.Scalar] {
    let text = Array(try string().unicodeScalars)
    guard text.count <= 4096 else { throw unexpected("a text of at most 4096 scalars") }
    return text
  }

  /// The normalizer that this object of a tokenizer.json describes.
  func normalizer() throws(TokenizationError) -> any Normalizer {
    switch try member("type").string() {
    case "Sequence":
      var members: [any Normalizer] = []
      for element in try member("normalizers").elements() { members.append(try element.normalizer()) }
      let sequence = NormalizerSequence(members: members)
      guard sequence.growth <= Self.growthLimit else {
        throw try member("normalizers").unexpected(
          "normalizers that let text grow less than \(Int(Self.growthLimit)) times")
      }
      return sequence
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
    case "Prepend": return Prepend(text: try member("prepend").insertedText())
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
