import Foundation
import PromptTransfer

/// What models, pairs and methods of an experiment are called in its report: short, and different from each other.
struct Names: Sendable {
  private let models: [String: String]
  private let methods: [Method: String]
  private let showsVectorCount: Bool

  init(_ configuration: ExperimentConfiguration) {
    let full = Set(configuration.pairs.flatMap { $0.sources + [$0.target] })
    let short = Dictionary(grouping: full, by: Self.short)
    models = Dictionary(
      full.map { ($0, short[Self.short($0)]?.count == 1 ? Self.short($0) : $0) }, uniquingKeysWith: { $1 })
    methods = Dictionary(
      configuration.methods.map { ($0, Self.name($0, among: configuration.methods)) },
      uniquingKeysWith: { first, _ in first })
    showsVectorCount = configuration.vectorCounts.count > 1
  }

  /// Without the folder, the owner or the scheme; of a GGUF file without its ending and quantisation.
  private static func short(_ model: String) -> String {
    let last = model.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) ?? model
    let name = last.replacing(/([.-](I?Q[0-9][A-Z0-9_]*|BF16|F16|F32))?\.gguf$/.ignoresCase(), with: "")
    return name.isEmpty ? model : name
  }

  func model(_ name: String) -> String { models[name] ?? name }
  func sources(_ names: [String]) -> String { names.map(model).joined(separator: " + ") }

  func pair(_ pair: ExperimentConfiguration.Pair) -> String {
    pair.sources == [pair.target]
      ? "\(model(pair.target)) to itself" : "\(sources(pair.sources)) → \(model(pair.target))"
  }

  /// The label, with the settings that tell it from others of the same label.
  func method(_ method: Method, vectorCount: Int? = nil) -> String {
    let name = methods[method] ?? method.label
    guard showsVectorCount, let vectorCount, method.usesVectors else { return name }
    return name + ", " + Shown.count(vectorCount, "vector")
  }

  private static func name(_ method: Method, among all: [Method]) -> String {
    let namesakes = all.filter { $0.label == method.label }
    let (own, others) = (settings(method), namesakes.map(settings))
    let differing = Set(others.flatMap(\.keys)).union(own.keys).sorted()
      .filter { key in others.contains { $0[key] != own[key] } }
    return ([method.label] + differing.map { phrase($0, own[$0]) }).joined(separator: ", ")
  }

  /// What a line of a curve is called: as above, without the setting along the axis.
  func line(_ method: Method, along axis: Figure.Axis, among all: [Method]) -> String {
    Self.name(method.without(axis), among: all.map { $0.without(axis) })
  }

  /// All settings that are not left open, by key.
  static func settings(_ method: Method) -> [String: String] { method.given.mapValues(text) }

  private static func text(_ value: Setting) -> String {
    switch value {
    case .flag(let flag): flag ? "yes" : "no"
    case .number(let number):
      Float(number) == Float(number.rounded()) ? Shown.setting(number) : "\(Float(number))"
    case .text(let text): text
    }
  }

  private static func phrase(_ key: String, _ value: String?) -> String {
    let words = key.reduce(into: "") { text, character in
      text += character.isUppercase ? " " + character.lowercased() : String(character)
    }
    guard let value else { return "default \(words)" }
    switch key {
    case "anchorShare": return "a share of \(value) of the anchors"
    case "anchorCount": return "\(value) anchors"
    case "steps": return "\(value) steps"
    case "factLimit": return "\(value) facts"
    case "normalize", "search": return value
    case "select": return "chosen by \(value)"
    default: return "\(words) \(value)"
    }
  }
}

extension Method {
  /// The same method with the setting of an axis left open: what a line of a curve has in common.
  func without(_ axis: Figure.Axis) -> Method { without(axis.rawValue) }
}
