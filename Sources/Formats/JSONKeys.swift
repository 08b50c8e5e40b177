/// Finds the member of an object that has a key, by its bytes: as Strings, "é" in one and in two scalars would be equal.
///
/// A vocabulary is an object of a hundred thousand members, so this is a hash table over those that there are, from
/// the ninth on.
struct JSONKeys {
  private var slots: [UInt64] = []  // upper half of the hash above index + 1; 0 where free
  private static let scanned = 8

  /// Adds the key of the member after these, or returns the place of the one that has it.
  mutating func insert(_ key: String, after members: [JSON.Member]) -> Int? {
    if members.count < Self.scanned {
      return members.firstIndex { $0.key.hasBytes(of: key) }
    }
    if members.count * 2 >= slots.count {
      slots = [UInt64](repeating: 0, count: max(members.count * 4, Self.scanned * 4).nextPowerOfTwo)
      for (index, member) in members.enumerated() {
        let hash = Self.hash(member.key)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = (hash >> 32) << 32 | UInt64(index + 1)
      }
    }
    let hash = Self.hash(key)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      if slots[slot] >> 32 == hash >> 32 {
        let index = Int(slots[slot] & 0xFFFF_FFFF) - 1
        if members[index].key.hasBytes(of: key) { return index }
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = (hash >> 32) << 32 | UInt64(members.count + 1)
    return nil
  }

  /// Seeded by the process, so that no file can be made to have keys of one hash.
  private static func hash(_ key: String) -> UInt64 {
    var hasher = Hasher()
    var key = key
    key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return UInt64(truncatingIfNeeded: hasher.finalize())
  }
}

extension Int {
  /// The least power of two that is not below.
  fileprivate var nextPowerOfTwo: Int { 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
