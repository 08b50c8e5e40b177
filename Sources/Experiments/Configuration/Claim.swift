/// Something the paper says that an experiment can ask again: that one series does better than another.
public struct Claim: Sendable, Hashable, Codable {
  /// A method's label, and the value of the setting that the claim is about, where its methods are several.
  public struct Side: Sendable, Hashable, Codable {
    public let label: String
    public let anchorCount: Int?
    public let vectorCount: Int?

    public enum Key: String, CodingKey, CaseIterable, Sendable { case label, anchorCount, vectorCount }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.strictContainer(Key.self)
      label = try fields.decode(String.self, forKey: .label)
      anchorCount = try fields.decodeIfPresent(Int.self, forKey: .anchorCount)
      vectorCount = try fields.decodeIfPresent(Int.self, forKey: .vectorCount)
    }
  }

  public let claim: String
  public let better: Side
  public let than: Side

  public enum Key: String, CodingKey, CaseIterable, Sendable { case claim, better, than }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strictContainer(Key.self)
    claim = try fields.decode(String.self, forKey: .claim)
    better = try fields.decode(Side.self, forKey: .better)
    than = try fields.decode(Side.self, forKey: .than)
  }
}
