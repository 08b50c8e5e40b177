import Foundation

extension JSON {
  /// The value as JSON text, indented as `json.dumps(indent=2)` does, with a line break at its end. Parsing it gives the
  /// value back: members keep their order, integers stay integers. Numbers that are not finite are written, and read back, in
  /// Python's dialect only.
  package var text: Data {
    var bytes: [UInt8] = []
    write(into: &bytes, indentation: 0)
    bytes.append(UInt8(ascii: "\n"))
    return Data(bytes)
  }

  /// An object with this member in place of the one of that name, or after all others. Anything but an object stays as it is.
  package func setting(_ key: String, to value: JSON) -> JSON {
    guard case .object(var members) = self else { return self }
    let member = Member(key: key, value: value)
    if let index = members.firstIndex(where: { $0.key.hasBytes(of: key) }) {
      members[index] = member
    } else {
      members.append(member)
    }
    return .object(members)
  }

  /// An object without the member of that name. Anything but an object stays as it is.
  package func removing(_ key: String) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { !$0.key.hasBytes(of: key) })
  }

  private func write(into bytes: inout [UInt8], indentation: Int) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += "\(value)".utf8
    case .number(let value): bytes += Self.spelling(of: value).utf8
    case .string(let value): Self.quote(value, into: &bytes)
    case .array(let values):
      Self.write(values, between: "[]", into: &bytes, indentation) { value, bytes in
        value.write(into: &bytes, indentation: indentation + 2)
      }
    case .object(let members):
      Self.write(members, between: "{}", into: &bytes, indentation) { member, bytes in
        Self.quote(member.key, into: &bytes)
        bytes += ": ".utf8
        member.value.write(into: &bytes, indentation: indentation + 2)
      }
    }
  }

  /// Python's, where the number has none in JSON.
  private static func spelling(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    return value.isFinite ? "\(value)" : value > 0 ? "Infinity" : "-Infinity"
  }

  private static func write<Element>(
    _ elements: [Element], between brackets: String, into bytes: inout [UInt8], _ indentation: Int,
    each: (Element, inout [UInt8]) -> Void
  ) {
    guard !elements.isEmpty else {
      bytes += brackets.utf8
      return
    }
    let newLine = [UInt8(ascii: "\n")] + repeatElement(UInt8(ascii: " "), count: indentation)
    bytes += brackets.utf8.prefix(1)
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += newLine + [UInt8(ascii: " "), UInt8(ascii: " ")]
      each(element, &bytes)
    }
    bytes += newLine
    bytes += brackets.utf8.suffix(1)
  }

  private static func quote(_ text: String, into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for unit in text.utf8 {
      switch unit {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), unit]
      case 0..<0x20:
        let digits = String(unit, radix: 16)
        bytes += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
      default: bytes.append(unit)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member(key: $0, value: $1) })
  }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON: Encodable {
  private struct MemberKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package func encode(to encoder: any Encoder) throws {
    if case .object(let members) = self {
      var container = encoder.container(keyedBy: MemberKey.self)
      for member in members { try container.encode(member.value, forKey: MemberKey(stringValue: member.key)) }
      return
    }
    var container = encoder.singleValueContainer()
    switch self {
    case .null, .object: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    }
  }
}
