/// A recursive-descent reader of RFC 8259, or of what Python takes for it, over UTF-8 bytes.
struct JSONReader {
  let bytes: UnsafeRawBufferPointer
  let isPython: Bool
  var position = 0
  static let depthLimit = 128

  mutating func document() throws(JSONError) -> JSON {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("text after the value") }
    return value
  }

  private func error(_ problem: String) -> JSONError { JSONError(problem: problem, offset: position) }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth < Self.depthLimit else { throw error("nested deeper than \(Self.depthLimit)") }
    skipSpace()
    guard let first = peek else { throw error("the text ends early") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N") where isPython: return try word("NaN", .number(.nan))
    case UInt8(ascii: "I") where isPython: return try word("Infinity", .number(.infinity))
    case UInt8(ascii: "-")
    where isPython && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "I"):
      return try word("-Infinity", .number(-.infinity))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("a value was expected")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    for index in 0..<word.utf8CodeUnitCount {
      guard peek == word.utf8Start[index] else { throw error("expected \(word)") }
      position += 1
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var members: [JSON.Member] = []
    var keys = JSONKeys()
    skipSpace()
    if peek == UInt8(ascii: "}") {
      position += 1
      return .object([])
    }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw error("a key was expected") }
      let key = try string()
      let earlier = keys.insert(key, after: members)
      guard earlier == nil || isPython else {
        throw error("the key \(key.debugDescription) is there twice")
      }
      skipSpace()
      guard peek == UInt8(ascii: ":") else { throw error("':' was expected") }
      position += 1
      let member = JSON.Member(key: key, value: try value(depth: depth + 1))
      if let earlier { members[earlier] = member } else { members.append(member) }
      if try !more(until: UInt8(ascii: "}")) { return .object(members) }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if peek == UInt8(ascii: "]") {
      position += 1
      return .array([])
    }
    while true {
      elements.append(try value(depth: depth + 1))
      if try !more(until: UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  /// Steps over the comma between two elements (true) or the closing bracket (false).
  private mutating func more(until end: UInt8) throws(JSONError) -> Bool {
    skipSpace()
    guard let byte = peek, byte == UInt8(ascii: ",") || byte == end else {
      throw error("',' or '\(Character(Unicode.Scalar(end)))' was expected")
    }
    position += 1
    return byte != end
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    var isInteger = true
    if peek == UInt8(ascii: "-") { position += 1 }
    let zeroLed = peek == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !(zeroLed && whole > 1) else { throw error("malformed number") }
    if peek == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard digits() > 0 else { throw error("malformed number") }
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
      guard digits() > 0 else { throw error("malformed number") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite || isPython else { throw error("number out of range") }
    return .number(number)
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
    return position - start
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      guard byte >= 0x20 else { throw error("control character in a string") }
      position += 1
    }
    if peek == UInt8(ascii: "\"") {
      defer { position += 1 }
      return try text(UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
    }
    var units = Array(bytes[start..<position])
    while let byte = peek {
      if byte == UInt8(ascii: "\"") {
        position += 1
        return try text(units)
      }
      guard byte >= 0x20 else { throw error("control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\\") { try escape(into: &units) } else { units.append(byte) }
    }
    throw error("a string without end")
  }

  private func text(_ units: some Sequence<UInt8>) throws(JSONError) -> String {
    guard let text = String(validating: units, as: UTF8.self) else {
      throw error("a string that is not UTF-8")
    }
    return text
  }

  private mutating func escape(into units: inout [UInt8]) throws(JSONError) {
    guard let byte = peek else { throw error("a string without end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
    case UInt8(ascii: "b"): units.append(0x08)
    case UInt8(ascii: "f"): units.append(0x0C)
    case UInt8(ascii: "n"): units.append(0x0A)
    case UInt8(ascii: "r"): units.append(0x0D)
    case UInt8(ascii: "t"): units.append(0x09)
    case UInt8(ascii: "u"):
      var code = UInt32(try hexadecimal())
      if (0xD800..<0xDC00).contains(code) {
        guard peek == UInt8(ascii: "\\") else { throw error("half a surrogate pair") }
        position += 1
        guard peek == UInt8(ascii: "u") else { throw error("half a surrogate pair") }
        position += 1
        let low = UInt32(try hexadecimal())
        guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
      units.append(contentsOf: UTF8.encode(scalar) ?? .init())
    default: throw error("unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits were expected")
      }
      value = value << 4 | UInt16(digit)
      position += 1
    }
    return value
  }
}
