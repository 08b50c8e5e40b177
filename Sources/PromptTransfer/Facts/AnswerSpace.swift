/// The texts among which an answer is looked for, of any number of tokens: a closed set for each relation.
public struct AnswerSpace: Sendable {
  private let common: [String]
  let own: [String: [String]]

  private init(_ common: [String], _ own: [String: [String]]) { (self.common, self.own) = (common, own) }

  /// The same texts for every relation.
  public init(_ texts: [String]) { (common, own) = (texts, [:]) }

  /// Those of each relation.
  public init(ofRelations texts: [String: [String]]) { (common, own) = ([], texts) }

  /// The distinct objects of each relation, in the order of their bytes.
  public init(objectsOf examples: some Sequence<Example>) {
    let objects = Dictionary(grouping: examples, by: \.relation).mapValues { facts in
      Set(facts.map { Array($0.object.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
        .map { String(decoding: $0, as: UTF8.self) }
    }
    self.init(ofRelations: objects)
  }

  /// Those of both.
  func joining(_ other: AnswerSpace) -> AnswerSpace {
    AnswerSpace(common + other.common, own.merging(other.own) { $0 + $1 })
  }

  /// Those of one relation.
  func texts(of relation: String) -> [String] { own[relation] ?? common }

  /// How many texts there are at most to choose among.
  public var count: Int { own.values.reduce(common.count) { max($0, $1.count) } }
}

/// What answers are.
public enum AnswerForm: String, Sendable, CaseIterable, Codable {
  /// Single tokens where the objects of all facts are, else texts.
  case auto
  /// Words that are one token each, as in LAMA and the paper; facts with other objects are left out.
  case single
  /// Texts of any number of tokens, out of a closed set.
  case text
}

/// How the tokens of an answer are hidden from a masked language model while it is asked for one of them.
public enum AnswerMasking: String, Sendable, CaseIterable, Codable {
  /// It and what follows it in the same word (Kauf and Ivanova, ACL 2023, `within_word_l2r`; the measure of BEAR).
  case word
  /// It and all that follows it in the answer: then the answers of one length are a distribution.
  case answer
  /// All at once: one pass for each length. Fastest, and the tokens do not see each other.
  case once
}
