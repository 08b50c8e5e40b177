import Foundation

/// A JSON value whose objects keep the order of their members.
///
/// Checkpoint headers and vocabularies come from anywhere, so the reader is strict where Foundation's is not: a
/// duplicate key is an error (safetensors forbids them; Foundation silently keeps one of the two), integers
/// stay integers, and nesting is bounded.
package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let key: String
    package let value: JSON
  }

  /// Whose rules count.
  package enum Dialect: Sendable {
    /// RFC 8259's, and no key twice.
    case strict
    /// Those of Python's `json`, which writes the ecosystem's configurations: `NaN`, `Infinity` and `-Infinity` are
    /// numbers, numbers beyond a double's range are infinite, and of a key that is there twice the last value counts.
    case python
  }

  /// Reads one value with nothing but white space around it.
  package static func parse(_ data: Data, as dialect: Dialect = .strict) throws(JSONError) -> JSON {
    let outcome: Result<JSON, JSONError> = data.withUnsafeBytes { bytes in
      var reader = JSONReader(bytes: bytes, isPython: dialect == .python)
      do throws(JSONError) { return .success(try reader.document()) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// The member of that name, or nil when there is none or this is not an object.
  package subscript(_ key: String) -> JSON? {
    members?.first { $0.key.hasBytes(of: key) }?.value
  }

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var int: Int? { if case .integer(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var members: [Member]? { if case .object(let value) = self { value } else { nil } }
  package var isNull: Bool { self == .null }
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}

/// What is wrong with a JSON text, and at which byte.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let problem: String
  package let offset: Int
  package var description: String { "invalid JSON at byte \(offset): \(problem)" }
}

extension StringProtocol {
  /// Whether both are the same bytes, as names in files are compared: as Strings, "é" in one and in two scalars would be equal, and
  /// the Kelvin sign a K.
  package func hasBytes(of other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }
}
