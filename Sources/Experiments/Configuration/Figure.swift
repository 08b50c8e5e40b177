/// A figure or table of the report.
public struct Figure: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Methods down, pairs across: means with intervals, and what is better than what.
    case comparison
    /// Sources down, targets across, for one method each.
    case matrix
    /// Accuracy against a setting of the methods.
    case curve
    /// Accuracy against the matching objective, a point for each cell.
    case scatter
  }

  /// A published value to be shown beside ours.
  public struct Published: Sendable, Hashable, Codable {
    /// What it belongs to: a method's label, for curves with `x`.
    public let label: String
    public let sources: [String]?
    public let target: String?
    public let x: Double?
    /// In percent.
    public let value: Double

    public enum Key: String, CodingKey, CaseIterable, Sendable { case label, sources, target, x, value }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.strictContainer(Key.self)
      label = try fields.decode(String.self, forKey: .label)
      sources = try fields.decodeIfPresent([String].self, forKey: .sources)
      target = try fields.decodeIfPresent(String.self, forKey: .target)
      x = try fields.decodeIfPresent(Double.self, forKey: .x)
      value = try fields.decode(Double.self, forKey: .value)
    }
  }

  /// What a curve runs over.
  public enum Axis: String, Sendable, Codable, CaseIterable {
    case anchorCount, anchorShare, vectorCount, ridge, shrinkage, steps, maskTop, factLimit
  }

  public var kind: Kind
  public var title: String?
  public var caption: String?
  /// Labels of the methods it shows; all when nil.
  public var methods: [String]?
  public var x: Axis?
  /// The method that the others are compared with.
  public var baseline: String?
  /// The paper's values, and where they stand in it.
  public var published: [Published]?
  public var source: String?

  public enum Key: String, CodingKey, CaseIterable, Sendable {
    case kind, title, caption, methods, x, baseline, published, source
  }

  public init(_ kind: Kind) { self.kind = kind }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strictContainer(Key.self)
    guard let kind = try fields.choice(Kind.self, forKey: .kind) else {
      throw DecodingError.keyNotFound(
        Key.kind, .init(codingPath: decoder.codingPath, debugDescription: "a figure wants it"))
    }
    self.kind = kind
    title = try fields.decodeIfPresent(String.self, forKey: .title)
    caption = try fields.decodeIfPresent(String.self, forKey: .caption)
    methods = try fields.decodeIfPresent([String].self, forKey: .methods)
    x = try fields.choice(Axis.self, forKey: .x)
    baseline = try fields.decodeIfPresent(String.self, forKey: .baseline)
    published = try fields.decodeIfPresent([Published].self, forKey: .published)
    source = try fields.decodeIfPresent(String.self, forKey: .source)
    if kind == .curve, x == nil {
      throw DecodingError.keyNotFound(
        Key.x, .init(codingPath: decoder.codingPath, debugDescription: "a curve wants it"))
    }
  }
}
