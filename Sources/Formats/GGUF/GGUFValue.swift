/// A value of a GGUF file's metadata. Arrays stay in the file until they are asked for: a vocabulary has a million strings.
package enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  /// Above what an `Int` holds.
  case large(UInt64)
  case float(Double)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)

  package var int: Int? { if case .integer(let value) = self { value } else { nil } }
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: GGUFArray? { if case .array(let value) = self { value } else { nil } }

  /// A number of any kind.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .large(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }
}

/// Where the elements of an array lie.
package struct GGUFArray: Sendable, Equatable {
  let type: GGUFValueType
  package let count: Int
  let place: Range<Int>
}

/// The types of metadata, by their numbers in the format.
enum GGUFValueType: UInt32, Sendable {
  case uint8 = 0
  case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// Bytes of a value; of those whose values differ in length, the least.
  var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64, .string: 8
    case .array: 12
    }
  }
}

extension GGUFCursor {
  mutating func type(_ what: String) throws(FileError) -> GGUFValueType {
    let number = try integer(UInt32.self, what)
    guard let type = GGUFValueType(rawValue: number) else {
      throw failure("\(what) has type \(number), which the format does not know")
    }
    return type
  }

  mutating func value(
    _ type: GGUFValueType, _ what: String, depth: Int = 0
  ) throws(FileError) -> GGUFValue {
    switch type {
    case .uint8: return .integer(Int(try integer(UInt8.self, what)))
    case .int8: return .integer(Int(try integer(Int8.self, what)))
    case .uint16: return .integer(Int(try integer(UInt16.self, what)))
    case .int16: return .integer(Int(try integer(Int16.self, what)))
    case .uint32: return .integer(Int(try integer(UInt32.self, what)))
    case .int32: return .integer(Int(try integer(Int32.self, what)))
    case .int64: return .integer(Int(try integer(Int64.self, what)))
    case .uint64:
      let value = try integer(UInt64.self, what)
      return Int(exactly: value).map { .integer($0) } ?? .large(value)
    case .float32: return .float(Double(Float(bitPattern: try integer(UInt32.self, what))))
    case .float64: return .float(Double(bitPattern: try integer(UInt64.self, what)))
    case .bool:
      let byte = try integer(UInt8.self, what)
      guard byte < 2 else { throw failure("\(what) is \(byte) where a boolean is 0 or 1") }
      return .bool(byte == 1)
    case .string: return .string(try string(what))
    case .array: return .array(try array(what, depth: depth))
    }
  }

  /// Steps over an array, and says where it was.
  private mutating func array(_ what: String, depth: Int) throws(FileError) -> GGUFArray {
    guard depth < 4 else { throw failure("\(what) has arrays within arrays, too deep to be meant") }
    let type = try type(what)
    let count = try count(of: "elements of \(what)", size: type.size)
    let start = position
    switch type {
    case .string: for _ in 0..<count { _ = try stringPlace(what) }
    case .array, .bool: for _ in 0..<count { _ = try value(type, what, depth: depth + 1) }
    default: _ = try take(count * type.size, what)
    }
    return GGUFArray(type: type, count: count, place: start..<position)
  }
}
