import Formats

extension BytePairEncoding {
  init(_ field: Field) throws(TokenizationError) {
    if let dropout = field.optional("dropout"), dropout.value.double != 0 {
      throw dropout.unexpected("null or 0", hint: "ids would be random with BPE dropout")
    }
    var settings = Settings()
    settings.fusesUnknown = try field.flag("fuse_unk", default: false)
    settings.fallsBackToBytes = try field.flag("byte_fallback", default: false)
    settings.ignoresMerges = try field.flag("ignore_merges", default: false)
    settings.continuingPrefix = Array((try field.text("continuing_subword_prefix") ?? "").utf8)
    settings.endSuffix = Array((try field.text("end_of_word_suffix") ?? "").utf8)
    let vocabulary = try field.member("vocab").vocabulary()
    if let unknown = field.optional("unk_token"), try unknown.string() != "" {
      settings.unknown = vocabulary.id(of: try unknown.string())
      if settings.unknown == nil { throw unknown.unexpected("a token of the vocabulary") }
    }
    let list = try field.member("merges")
    guard let elements = list.value.array else { throw list.unexpected("an array of merges") }
    var reader = MergeReader(
      vocabulary: vocabulary, prefixLength: settings.continuingPrefix.count, capacity: elements.count,
      file: list.file)
    for (index, element) in elements.enumerated() {
      switch element {
      case .string(let pair) where pair.utf8.starts(with: "#version".utf8): continue
      case .string(let pair): try reader.add(pair.utf8, place: "\(list.path)[\(index)]")
      case .array(let pair):
        guard pair.count == 2, let left = pair[0].string, let right = pair[1].string else { fallthrough }
        try reader.add(left.utf8, right.utf8, place: "\(list.path)[\(index)]")
      default: throw try list.elements()[index].unexpected("\"left right\" or [\"left\", \"right\"]")
      }
    }
    self.init(vocabulary: vocabulary, merges: reader.table, settings: settings)
  }
}

/// Reads merges, which both of tokenizer.json and merges.txt have.
struct MergeReader {
  let vocabulary: Vocabulary
  /// The length in bytes of what a right part has before it that the merged token has not.
  var prefixLength = 0
  let file: String
  private(set) var table: MergeTable
  private var rank = 0
  private var buffer: [UInt8] = []

  init(vocabulary: Vocabulary, prefixLength: Int = 0, capacity: Int, file: String) {
    self.vocabulary = vocabulary
    self.prefixLength = prefixLength
    self.file = file
    table = MergeTable(capacity: capacity)
  }

  /// Adds a merge written as `left right`, with one space.
  mutating func add(_ pair: some Collection<UInt8>, place: String) throws(TokenizationError) {
    let space = UInt8(ascii: " ")
    guard let middle = pair.firstIndex(of: space), !pair[pair.index(after: middle)...].contains(space) else {
      throw TokenizationError(
        file: file, field: place, expected: "two tokens with a space between",
        found: String(decoding: pair, as: UTF8.self).debugDescription)
    }
    try add(pair[..<middle], pair[pair.index(after: middle)...], place: place)
  }

  mutating func add(
    _ left: some Collection<UInt8>, _ right: some Collection<UInt8>, place: String
  ) throws(TokenizationError) {
    buffer.removeAll(keepingCapacity: true)
    buffer.append(contentsOf: left)
    let middle = buffer.count
    buffer.append(contentsOf: right)
    let leftId = try id(0..<middle, place)
    let rightId = try id(middle..<buffer.count, place)
    buffer.removeSubrange(middle..<min(middle + prefixLength, buffer.count))
    table.insert(leftId, rightId, rank: rank, merged: try id(0..<buffer.count, place))
    rank += 1
  }

  private func id(_ range: Range<Int>, _ place: String) throws(TokenizationError) -> Int {
    if let id = vocabulary.id(in: buffer, range) { return id }
    throw TokenizationError(
      file: file, field: place, expected: "tokens of the vocabulary",
      found: String(decoding: buffer[range], as: UTF8.self).debugDescription,
      hint: "vocabulary and merges may be of different models")
  }
}
