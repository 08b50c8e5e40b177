import Foundation

/// A setting's value: what JSON can hold without nesting.
public enum Setting: Sendable, Hashable, Codable, CustomStringConvertible {
  case flag(Bool)
  case number(Double)
  case text(String)

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else {
      throw DecodingError.dataCorruptedError(
        in: value, debugDescription: "wants a number, a text, true or false")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .flag(let flag): try value.encode(flag)
    case .number(let number): try value.encode(number)
    case .text(let text): try value.encode(text)
    }
  }

  public var number: Double? { if case .number(let number) = self { number } else { nil } }

  /// Whole numbers without a point.
  public var description: String {
    switch self {
    case .flag(let flag): "\(flag)"
    case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
    case .text(let text): text
    }
  }
}

/// A positive number, or `"all"`.
struct CountOrAll: Codable {
  /// Nil for all.
  let count: Int?

  init(count: Int?) { self.count = count }

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let count = try? value.decode(Int.self), count > 0 {
      self.count = count
    } else if (try? value.decode(String.self)) == "all" {
      count = nil
    } else {
      throw DecodingError.dataCorruptedError(
        in: value, debugDescription: "wants a positive whole number, or \"all\"")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    if let count { try value.encode(count) } else { try value.encode("all") }
  }
}
