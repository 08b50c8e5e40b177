import Tensors

/// A way to carry prompts into another space: its settings, and how it is fitted to a pair of models.
///
/// What is learned from the words that the models share is a value, ``FittedMethod``, apart from the prompts that it is
/// applied to. A new method is a file in `Methods/` and a line in ``MethodRegistry``.
public protocol TransferMethod: Codable, Hashable, Sendable {
  /// What the command, configurations and prompt files call it.
  static var name: String { get }
  /// What it does, in one line.
  static var summary: String { get }
  /// The names of its settings.
  static var settingNames: [String] { get }
  /// Whether it looks at shared words.
  static var readsWords: Bool { get }
  /// Whether it looks at the sources' prompts.
  static var readsPrompts: Bool { get }
  /// Whether what it learns depends on the seed.
  static var learnsBySeed: Bool { get }
  /// Whether what it makes has lengths that no rule is to change.
  static var hasOwnLengths: Bool { get }
  /// The rule that suits it.
  static var normalization: NormalizationRule { get }

  /// Whether only the directions of what it makes mean something, and its lengths nothing.
  var findsDirectionsOnly: Bool { get }

  /// With its default settings.
  init()

  /// Learns from the shared words. Throws where it cannot serve these models.
  func fit(_ words: SharedVocabulary, _ context: FitContext) throws(TransferError) -> any FittedMethod

  /// The settings among which a selection may choose, fitted; empty where there is nothing to choose.
  func fitCandidates(_ words: SharedVocabulary, _ context: FitContext) throws(TransferError) -> [Candidate]
}

/// One of the settings that a selection compares.
public struct Candidate: Sendable {
  public let method: any TransferMethod
  public let fitted: any FittedMethod
  /// The setting that is chosen, by name.
  public let setting: [String: String]
}

extension TransferMethod {
  public static var settingNames: [String] { [] }
  public static var readsWords: Bool { true }
  public static var readsPrompts: Bool { true }
  public static var learnsBySeed: Bool { false }
  public static var hasOwnLengths: Bool { false }
  public static var normalization: NormalizationRule { .strength }

  public func fitCandidates(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> [Candidate] { [] }

  public var findsDirectionsOnly: Bool { false }

  public var name: String { Self.name }
}

/// What a method is given beside the words while it learns.
public struct FitContext {
  public var seed: UInt64 = 0
  public var parallelism: Parallelism
  /// Called during a training with the steps done and all of them.
  public var progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  /// Asked meanwhile; what was reached so far is then used.
  public var shouldStop: () -> Bool = { false }

  public init(seed: UInt64 = 0, parallelism: Parallelism) {
    (self.seed, self.parallelism) = (seed, parallelism)
  }
}

/// A method that has learned from a pair of models: carries any number of prompts.
public protocol FittedMethod: Sendable {
  /// Which anchors count for a vector, in the objective.
  var mask: AnchorMask { get }
  /// Whether learning was stopped before its last step.
  var isInterrupted: Bool { get }
  /// What numbers had to be changed to be computed with, by the name of the setting: a ridge that was raised.
  var adjustments: [String: String] { get }

  func carry(_ prompts: SourcePrompts, _ context: CarryContext) -> Carried

  /// Several at once, where that is faster than one after the other. Each comes out as alone, to the last bit.
  func carry(_ jobs: [(prompts: SourcePrompts, context: CarryContext)]) -> [Carried]
}

extension FittedMethod {
  public var mask: AnchorMask { .all }
  public var isInterrupted: Bool { false }
  public var adjustments: [String: String] { [:] }

  public func carry(_ jobs: [(prompts: SourcePrompts, context: CarryContext)]) -> [Carried] {
    jobs.map { carry($0.prompts, $0.context) }
  }
}

/// What a method is given beside the prompts while it carries.
public struct CarryContext {
  public var seed: UInt64 = 0
  public var parallelism: Parallelism
  /// How the result will be brought to the target's scale.
  public var normalization: Normalization = .none
  /// Called during a search with the steps done and all of them.
  public var progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  /// Asked meanwhile; what was reached so far is then the result.
  public var shouldStop: () -> Bool = { false }
  /// How many candidates of a search are given to `snapshot`, evenly spread over its steps.
  public var snapshotCount = 0
  public var snapshot: (_ vectors: Matrix) -> Void = { _ in }

  public init(seed: UInt64 = 0, parallelism: Parallelism) {
    (self.seed, self.parallelism) = (seed, parallelism)
  }
}

/// What a method makes of the prompts.
public struct Carried {
  /// (P, Ct)
  public var vectors: Matrix
  /// Whether they have the target's scale already.
  public var isNormalized = false
  /// Whether a search was stopped before its last step.
  public var isInterrupted = false
  /// Whether a search ended by its limit of steps before it was as close as it should be.
  public var isConverged = true
  /// What else a prompt file is to say of them, by key.
  public var provenance: [String: String] = [:]

  public init(vectors: Matrix) { self.vectors = vectors }
}
