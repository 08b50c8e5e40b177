/// The tokens of a model with their ids: a hash table over UTF-8 bytes.
///
/// Bytes, not `String`: Swift holds "é" in one and in two scalars for equal, a tokenizer must not. All tokens
/// stand one after another in one array, so that 50,000 of them are read in a few milliseconds.
struct Vocabulary: Sendable {
  /// Ids must leave a table indexed by them at a sensible size; the largest vocabularies have a million.
  static let idRange = 0..<(1 << 22)
  static let idRule = "an id from 0 to \(idRange.upperBound - 1)"

  private var bytes: [UInt8] = []
  private var starts: [Int] = [0]  // (entries + 1)
  private var ids: [Int] = []  // (entries)
  private var entries: [Int32] = []  // (highest id + 1), -1 where the id has no token
  private var slots: [UInt64]  // upper half of the hash above entry + 1; 0 where free
  /// The length in bytes of the longest token.
  private(set) var longest = 0

  /// An empty vocabulary with room for that many tokens.
  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [UInt64](repeating: 0, count: size)
    starts.reserveCapacity(capacity + 1)
    ids.reserveCapacity(capacity)
    entries.reserveCapacity(capacity)
  }

  /// The highest id + 1.
  var size: Int { entries.count }

  /// How many tokens there are; fewer than `size` where ids have holes.
  var count: Int { ids.count }

  /// Adds a token. A token that is there already moves to the new id. Returns the token that has the id already,
  /// in which case nothing is changed. The id must be in `idRange`.
  mutating func insert(_ token: some Sequence<UInt8>, id: Int) -> String? {
    if let holder = self.token(of: id) { return holder }
    let start = bytes.count
    bytes.append(contentsOf: token)
    while entries.count <= id { entries.append(-1) }
    let hash = Self.hash(bytes, start..<bytes.count)
    if let entry = entry(in: bytes, start..<bytes.count, hash: hash) {
      entries[ids[entry]] = -1
      ids[entry] = id
      entries[id] = Int32(truncatingIfNeeded: entry)
      bytes.removeSubrange(start...)
      return nil
    }
    longest = max(longest, bytes.count - start)
    entries[id] = Int32(truncatingIfNeeded: ids.count)
    ids.append(id)
    starts.append(bytes.count)
    if ids.count * 2 > slots.count { grow() } else { occupy(hash, ids.count - 1) }
    return nil
  }

  func id(of token: String) -> Int? {
    let bytes = [UInt8](token.utf8)
    return id(in: bytes, 0..<bytes.count)
  }

  /// The id of the token that stands in that range of a buffer.
  func id(in buffer: [UInt8], _ range: Range<Int>) -> Int? {
    id(in: buffer, range, hash: Self.hash(buffer, range))
  }

  /// The same, with the range's hash known already.
  func id(in buffer: [UInt8], _ range: Range<Int>, hash: UInt64) -> Int? {
    entry(in: buffer, range, hash: hash).map { ids[$0] }
  }

  func token(of id: Int) -> String? {
    guard entries.indices.contains(id), entries[id] >= 0 else { return nil }
    let entry = Int(entries[id])
    return String(decoding: bytes[starts[entry]..<starts[entry + 1]], as: UTF8.self)
  }

  // MARK: hashing (FNV-1a, because the hash of a text's every beginning comes on the way)

  static let emptyHash: UInt64 = 0xcbf2_9ce4_8422_2325

  @inline(__always)
  static func hash(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

  @inline(__always)
  static func hash(_ buffer: [UInt8], _ range: Range<Int>) -> UInt64 {
    var hash = emptyHash
    for index in range { hash = Self.hash(hash, buffer[index]) }
    return hash
  }

  private func slot(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: (hash ^ hash >> 29) &* 0x9e37_79b9_7f4a_7c15 >> 32) & (slots.count - 1)
  }

  private func entry(in buffer: [UInt8], _ range: Range<Int>, hash: UInt64) -> Int? {
    var index = slot(hash)
    while slots[index] != 0 {
      if slots[index] >> 32 == hash >> 32 {
        let entry = Int(slots[index] & 0xffff_ffff) - 1
        if isEqual(entry, buffer, range) { return entry }
      }
      index = (index + 1) & (slots.count - 1)
    }
    return nil
  }

  private func isEqual(_ entry: Int, _ buffer: [UInt8], _ range: Range<Int>) -> Bool {
    let start = starts[entry]
    guard starts[entry + 1] - start == range.count else { return false }
    for index in range where bytes[start + index - range.lowerBound] != buffer[index] { return false }
    return true
  }

  private mutating func occupy(_ hash: UInt64, _ entry: Int) {
    var index = slot(hash)
    while slots[index] != 0 { index = (index + 1) & (slots.count - 1) }
    slots[index] = (hash >> 32) << 32 | UInt64(entry + 1)
  }

  private mutating func grow() {
    slots = [UInt64](repeating: 0, count: slots.count * 2)
    for entry in ids.indices { occupy(Self.hash(bytes, starts[entry]..<starts[entry + 1]), entry) }
  }
}
