import ArgumentParser
import PromptTransfer

/// How a prompt is carried.
struct MethodOptions: ParsableArguments {
  enum Search: String, ExpressibleByArgument, CaseIterable { case exact, gradient }

  @Option(
    help: ArgumentHelp(
      """
      What carries the prompt: the canonical map (default), the paper's relative code (default where --search or a mask is \
      asked for), or a baseline. 'promptferry list methods' says what each does.
      """, valueName: "method"),
    completion: .list(MethodRegistry.names))
  var method: String?
  @Option(help: "How the relative method finds target vectors (default: exact).") var search: Search?
  @Option(
    help: "How many of the most similar anchors describe a vector: a number, or all (default: 8192).")
  var maskTop: Limit?
  @Flag(help: "Choose them by absolute similarity.") var maskAbsolute = false
  @Option(
    help: """
      Ridge of canonical (default: 3), linear (1) and exact search (0.1), in units of the anchors' mean square: 0 reaches \
      the highest objective, more carries better between models.
      """)
  var ridge: Double?
  @Option(
    help: """
      The power of the correlations by which canonical shrinks what the models disagree about, from 0 (nothing) to 1 (as \
      linear does). Default: 0.
      """)
  var shrinkage: Double?
  @Option(help: "Steps of gradient search (default: 2000).") var steps: Int?
  @Option(help: "Learning rate of gradient search (default: 0.005).") var learningRate: Double?
  @Option(help: "Units of the projector's hidden layer (default: the wider of the two embeddings).")
  var hidden: Int?
  @Option(
    help: ArgumentHelp(
      "Any setting of the method, by its name in configurations. May be repeated.", valueName: "name=value"))
  var set: [SettingArgument] = []

  /// The method's name: the relative one where its options are given.
  func name(default usual: String) -> String {
    method ?? (search != nil || maskTop != nil || maskAbsolute ? RelativeSearch.name : usual)
  }

  /// The settings that are given, by their names in configurations.
  private var settings: [String: Setting] {
    var settings = Dictionary(set.map { ($0.name, $0.value) }) { $1 }
    // Options that are not given leave what --set says.
    if let search { settings["search"] = .text(search.rawValue) }
    if let maskTop { settings["maskTop"] = maskTop.count.map { .number(Double($0)) } ?? .text("all") }
    if maskAbsolute { settings["maskAbsolute"] = .flag(true) }
    if let ridge { settings["ridge"] = .number(ridge) }
    if let shrinkage { settings["shrinkage"] = .number(shrinkage) }
    if let steps { settings["steps"] = .number(Double(steps)) }
    if let learningRate { settings["learningRate"] = .number(learningRate) }
    if let hidden { settings["hidden"] = .number(Double(hidden)) }
    return settings
  }

  func validate() throws { _ = try transferMethod() }

  /// Throws `ValidationError` where a setting is not the method's, or out of its range.
  func transferMethod(default usual: String = CanonicalMap.name) throws -> any TransferMethod {
    let chosen = name(default: usual)
    for (name, number) in [("ridge", ridge), ("shrinkage", shrinkage), ("learning-rate", learningRate)] {
      if let number, !number.isFinite { throw ValidationError("--\(name) wants a number, not \(number)") }
    }
    do {
      return try MethodRegistry.method(named: chosen, settings)
    } catch {
      let setting = error.subject
      guard settings[setting] != nil else { throw ValidationError("--method \(chosen) \(error.problem)") }
      let option = set.contains { $0.name == setting } ? "--set \(setting)" : "--" + Self.hyphenated(setting)
      throw ValidationError("\(option) \(error.problem)")
    }
  }

  /// `maskTop` as an option: `mask-top`.
  private static func hyphenated(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
  }
}

/// A setting on the command line: `NAME=VALUE`.
struct SettingArgument: ExpressibleByArgument {
  let name: String
  let value: Setting

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
    name = String(argument[..<equals])
    let text = String(argument[argument.index(after: equals)...])
    value = Double(text).map { .number($0) } ?? (Bool(text).map { .flag($0) } ?? .text(text))
  }
}

/// A number, or all.
enum Limit: ExpressibleByArgument, CustomStringConvertible {
  case all
  case count(Int)

  init?(argument: String) {
    if argument == "all" {
      self = .all
    } else if let count = Int(argument), count > 0 {
      self = .count(count)
    } else {
      return nil
    }
  }

  /// Nil for all.
  var count: Int? { if case .count(let count) = self { count } else { nil } }

  var description: String { count.map { "\($0)" } ?? "all" }

  var defaultValueDescription: String { description }
}
