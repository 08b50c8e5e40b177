import Foundation
import PromptTransfer

/// A row of an experiment: one way to get a prompt for the target, with its settings.
///
/// In a configuration every setting may be a list; the method then stands for all combinations, under one label.
public struct Method: Sendable, Hashable, Codable {
  /// The series this belongs to.
  public let label: String
  /// A method of `transfer`, or one of ``Training`` and ``Mark``.
  public let name: String
  /// The settings that the configuration names, by key. The others have their defaults.
  public private(set) var given: [String: Setting]
  let way: Way
  let options: Options

  /// How the target's vectors come about.
  enum Way: Sendable {
    /// Carried from sources.
    case carried(any TransferMethod)
    /// Carried, then trained on the target.
    case trained(Training, start: any TransferMethod)
    /// A baseline, which carries nothing.
    case mark(Mark)
  }

  /// With labels, or toward the sources' answers.
  enum Training: String, Sendable, CaseIterable { case refine, distil }
  /// The relation's template in words, its most frequent answer, tuning on the target itself.
  enum Mark: String, Sendable, CaseIterable { case manual, majority, direct }

  /// Who chooses: the target's development facts, as in the reference, which is then no longer without labels. Among the
  /// snapshots of a gradient search, or the settings of closed forms. Or, without labels, shared words that are held out, or how
  /// the target's answers to development subjects agree with the sources'.
  public enum Selection: String, Sendable, Codable {
    case dev, words, agreement, divergence

    /// How answers are compared with the sources'; nil where they are not.
    var measure: Agreement.Measure? {
      switch self {
      case .dev, .words: nil
      case .agreement: .agreement
      case .divergence: .divergence
      }
    }
  }
  public enum Order: String, Sendable, Codable { case sorted, random }

  /// Settings beside the method's own.
  struct Options: Sendable, Codable {
    var select: Selection?
    var normalize: NormalizationRule?
    /// How many of the shared words are anchors; all when nil.
    var anchorCount: Int?
    /// The share of the shared words that the models are taken to share, from 0 to 1; drawn with the seed.
    var anchorShare: Double?
    var anchorOrder: Order?
    /// How many training facts are used by what trains on the target; all when nil.
    var factLimit: Int?
    var epochs: Int?
    var learningRate: LearningRate?

    static let ofCarrying = ["select", "normalize", "anchorCount", "anchorShare", "anchorOrder"]
    static let ofTraining = ["factLimit", "epochs", "learningRate"]
  }

  /// Throws `DecodingError` where a setting is not the method's, or out of its range.
  public init(
    label: String? = nil, _ name: String, _ given: [String: Setting] = [:], at path: [any CodingKey] = []
  ) throws {
    self.label = label ?? name
    self.name = name
    self.given = given
    func wrong(_ key: String, _ problem: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: path + [AnyKey(key)], debugDescription: problem))
    }
    let (own, settings) = try Self.parts(of: name, given, wrong)
    do {
      options = try JSONDecoder().decode(Options.self, from: JSONEncoder().encode(own))
    } catch let error as DecodingError {
      // A number that is too large for its kind is told without its place.
      let place = error.place.path.isEmpty ? own.keys.sorted().joined(separator: ", ") : error.place.path
      throw wrong(place, error.place.problem)
    }
    do {
      way = try Self.way(name, settings)
    } catch {
      throw wrong(settings[error.subject] == nil ? "method" : error.subject, error.problem)
    }
    try check(wrong)
  }

  /// Settings of an experiment's own, and those of the transfer's method.
  private static func parts(
    of name: String, _ given: [String: Setting], _ wrong: (String, String) -> DecodingError
  ) throws -> (own: [String: Setting], transfer: [String: Setting]) {
    let isTraining = Training(rawValue: name) != nil
    let mark = Mark(rawValue: name)
    var own = mark == nil ? Options.ofCarrying : []
    if isTraining || mark == .direct { own += Options.ofTraining }
    let transfer = given.filter { !own.contains($0.key) }
    if mark != nil, let stranger = transfer.keys.min() {
      throw wrong(
        stranger, "is no setting of \(name)" + (own.isEmpty ? "" : "; it has: \(own.joined(separator: ", "))")
      )
    }
    return (given.filter { own.contains($0.key) }, transfer)
  }

  private static func way(_ name: String, _ settings: [String: Setting]) throws(TransferError) -> Way {
    if let mark = Mark(rawValue: name) { return .mark(mark) }
    if let training = Training(rawValue: name) {
      return .trained(training, start: try MethodRegistry.method(named: CanonicalMap.name, settings))
    }
    return .carried(try MethodRegistry.method(named: name, settings))
  }

  private func check(_ wrong: (String, String) -> DecodingError) throws {
    for (key, count) in [
      ("anchorCount", options.anchorCount), ("factLimit", options.factLimit), ("epochs", options.epochs),
    ] where count.map({ $0 < 1 }) ?? false { throw wrong(key, "wants a positive number") }
    if let epochs = options.epochs, epochs > 1_000_000 { throw wrong("epochs", "wants no more than 1000000") }
    if let share = options.anchorShare, !(share > 0 && share <= 1) {
      throw wrong("anchorShare", "wants an anchorShare above 0, up to 1")
    }
    if options.anchorShare != nil, options.anchorCount != nil {
      throw wrong("anchorShare", "wants either anchorCount or anchorShare")
    }
    if let select = options.select, let method = transfer {
      let isSearch = (method as? RelativeSearch)?.isGradient
      let hasChoice =
        method is AnyMethod || (type(of: method).settingNames.contains("ridge") && isSearch != true)
      if !hasChoice && !(select != .words && isSearch == true) {
        throw wrong("select", "wants a method with a choice (any, canonical, relative, linear)")
      }
    } else if transfer is AnyMethod {
      throw wrong("method", "any wants a select")
    }
  }

  // MARK: What it is

  /// The method of transfer; nil for marks.
  var transfer: (any TransferMethod)? {
    switch way {
    case .carried(let method), .trained(_, let method): method
    case .mark: nil
    }
  }

  var mark: Mark? { if case .mark(let mark) = way { mark } else { nil } }
  var training: Training? { if case .trained(let training, _) = way { training } else { nil } }

  /// Whether the result depends on the sources.
  var usesSources: Bool { transfer.map { type(of: $0).readsPrompts } ?? false }

  /// Whether shared words are looked at.
  var usesAnchors: Bool { transfer.map { type(of: $0).readsWords } ?? false }

  /// Whether prompt vectors, and with them a seed, are part of it.
  var usesVectors: Bool { mark != .manual && mark != .majority }

  /// Whether it is tuned on the target by settings of its own, and not the prompt that others start from.
  var tunesForItself: Bool {
    mark == .direct && (options.factLimit != nil || options.epochs != nil || options.learningRate != nil)
  }

  /// The rule that the carried vectors are scaled by.
  package var normalization: NormalizationRule {
    options.normalize ?? transfer.map { type(of: $0).normalization } ?? .none
  }

  /// All settings with the defaults filled in: what a result rests on.
  var resolved: [String: Setting] {
    var all = transfer.map(MethodRegistry.settings) ?? [:]
    if transfer != nil { all["normalize"] = .text(normalization.rawValue) }
    if usesAnchors {
      all["anchorCount"] = options.anchorCount.map { .number(Double($0)) }
      all["anchorShare"] = options.anchorShare.map { .number($0) }
      if options.anchorCount != nil { all["anchorOrder"] = .text((options.anchorOrder ?? .random).rawValue) }
    }
    if let select = options.select { all.merge(select.settings) { $1 } }
    if transfer is AnyMethod { all["compares"] = .text(AnyMethod.description) }
    all["factLimit"] = options.factLimit.map { .number(Double($0)) }
    return all
  }

  /// The number that a setting has in the configuration.
  package func number(_ key: String) -> Double? { given[key]?.number }

  /// The same with a setting left open.
  func without(_ key: String) -> Method {
    var method = self
    method.given[key] = nil
    return method
  }

  // MARK: Codable, Hashable

  public init(from decoder: any Decoder) throws {
    var given = try decoder.singleValueContainer().decode([String: Setting].self)
    guard case .text(let name)? = given.removeValue(forKey: "method") else {
      throw DecodingError.keyNotFound(
        AnyKey("method"), .init(codingPath: decoder.codingPath, debugDescription: "is missing"))
    }
    let label = given.removeValue(forKey: "label")
    try self.init(label: label.map { "\($0)" }, name, given, at: decoder.codingPath)
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(given.merging(["label": .text(label), "method": .text(name)]) { $1 })
  }

  public static func == (left: Method, right: Method) -> Bool {
    left.label == right.label && left.name == right.name && left.given == right.given
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(label)
    hasher.combine(name)
    hasher.combine(given)
  }
}

extension Method.Selection {
  /// What a choice rests on.
  fileprivate var settings: [String: Setting] {
    let ridges = Setting.text(RidgeGrid.ridges.map { "\($0)" }.joined(separator: " "))
    switch self {
    case .dev, .agreement, .divergence:
      var settings: [String: Setting] = [
        "select": .text(rawValue), "select.ridges": ridges,
        "select.snapshots": .number(Double(FittedCandidates.snapshotCount)),
      ]
      if measure != nil { settings["select.subjectLimit"] = .number(Double(Agreement.subjectLimit)) }
      return settings
    case .words:
      let words = WordSelection()
      return [
        "select": .text(rawValue), "select.ridges": ridges,
        "select.heldOutShare": .number(words.heldOutShare),
        "select.wordLimit": .number(Double(words.wordLimit)), "select.noise": .number(words.noise),
      ]
    }
  }
}

/// The name of a member.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
