import LanguageModels

/// The peak of the learning rate: by how much Adam moves a number of a prompt in one step.
///
/// Written as a number, `0.003`, or in deviations of the model's word embeddings, `0.08sd`: tables differ in scale by factors, and
/// what is a small step in one throws vectors far out of another.
public enum LearningRate: Sendable, Hashable {
  case absolute(Float)
  case deviations(Float)

  /// Nil unless it is a positive number, alone or followed by `sd`.
  public init?(_ text: String) {
    let isRelative = text.hasSuffix("sd")
    guard let number = Float(isRelative ? text.dropLast(2) : text[...]), number > 0, number.isFinite else {
      return nil
    }
    self = isRelative ? .deviations(number) : .absolute(number)
  }

  /// The number that it is on a model with these word embeddings.
  package func value(_ table: EmbeddingTable) -> Float {
    switch self {
    case .absolute(let rate): rate
    case .deviations(let rate): rate * Float(table.moments().deviation)
    }
  }
}

extension LearningRate: CustomStringConvertible, ExpressibleByFloatLiteral {
  public var description: String {
    switch self {
    case .absolute(let rate): "\(rate)"
    case .deviations(let rate): "\(rate)sd"
    }
  }

  public init(floatLiteral value: Float) { self = .absolute(value) }
}

extension LearningRate: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    let text = (try? value.decode(String.self)) ?? (try? value.decode(Float.self)).map { "\($0)" }
    guard let text, let rate = Self(text) else {
      throw DecodingError.dataCorruptedError(
        in: value, debugDescription: "wants a positive number, or one of deviations as \"0.08sd\"")
    }
    self = rate
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .absolute(let rate): try value.encode(rate)
    case .deviations: try value.encode(description)
    }
  }
}
