import ArgumentParser
import PromptTransfer

/// How a prompt is carried.
struct MethodOptions: ParsableArguments {
  enum Method: String, ExpressibleByArgument, CaseIterable {
    case canonical, relative, linear, procrustes, projector, discretize, naive, copy, random
  }
  enum Search: String, ExpressibleByArgument, CaseIterable { case exact, gradient }

  @Option(
    help: """
      What carries the prompt: the canonical map (default), the paper's relative code (default where --search or a mask is \
      asked for), or a baseline.
      """)
  var method: Method?
  @Option(help: "How the relative method finds target vectors (default: exact).") var search: Search?
  @Option(
    help: "How many of the most similar anchors describe a vector: a number, or all (default: 8192).")
  var maskTop: Limit?
  @Flag(help: "Choose them by absolute similarity.") var maskAbsolute = false
  @Option(
    help: """
      Ridge of canonical (default: 1), linear (1) and exact search (0.1), in units of the anchors' mean square: 0 reaches \
      the highest objective, more carries better between models.
      """)
  var ridge: Double?
  @Option(
    help: """
      The power of the correlations by which canonical shrinks what the models disagree about, from 0 (nothing) to 1 (as \
      linear does). Default: 0.5.
      """)
  var shrinkage: Double?
  @Option(help: "Steps of gradient search (default: 2000).") var steps: Int?
  @Option(help: "Learning rate of gradient search (default: 0.005).") var learningRate: Float?
  @Option(help: "Units of the projector's hidden layer (default: the wider of the two embeddings).")
  var hidden: Int?

  var chosen: Method {
    method ?? (search != nil || maskTop != nil || maskAbsolute ? .relative : .canonical)
  }

  private var isGradient: Bool { search == .gradient }

  func validate() throws {
    if let ridge, !(ridge >= 0 && ridge.isFinite) { throw ValidationError("--ridge wants 0 or more") }
    if let shrinkage, !(0...1).contains(shrinkage) { throw ValidationError("--shrinkage wants 0 to 1") }
    if let steps, steps < 1 { throw ValidationError("--steps wants at least 1") }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate wants a positive number")
    }
    if let hidden, !(1...65_536).contains(hidden) {
      throw ValidationError("--hidden wants a number from 1 to 65536")
    }
    try requirePlaces()
  }

  /// No option is ignored: each belongs to some methods only.
  private func requirePlaces() throws {
    let isRelative = chosen == .relative
    let places: [(option: String, isGiven: Bool, isInPlace: Bool, owner: String)] = [
      ("--search", search != nil, isRelative, "--method relative"),
      ("--mask-top", maskTop != nil, isRelative, "--method relative"),
      ("--mask-absolute", maskAbsolute, isRelative, "--method relative"),
      ("--ridge", ridge != nil, transferMethod.ridge != nil, "canonical, linear and exact search"),
      ("--shrinkage", shrinkage != nil, chosen == .canonical, "--method canonical"),
      ("--steps", steps != nil, isGradient, "--search gradient"),
      ("--learning-rate", learningRate != nil, isGradient, "--search gradient"),
      ("--hidden", hidden != nil, chosen == .projector, "--method projector"),
    ]
    for place in places where place.isGiven && !place.isInPlace {
      throw ValidationError("\(place.option) belongs to \(place.owner)")
    }
  }

  var transferMethod: TransferMethod {
    switch chosen {
    case .canonical:
      .canonical(
        ridge: ridge ?? TransferMethod.canonicalRidge, shrinkage: shrinkage ?? TransferMethod.shrinkage)
    case .relative:
      .relative(
        isGradient
          ? .gradient(
            steps: steps ?? TransferMethod.steps,
            learningRate: learningRate ?? TransferMethod.learningRate)
          : .exact(ridge: ridge ?? TransferMethod.relativeRidge), mask: mask)
    case .linear: .linear(ridge: ridge ?? TransferMethod.linearRidge)
    case .procrustes: .procrustes
    case .projector: .projector(projector)
    case .discretize: .discretize
    case .naive: .naive
    case .copy: .copy
    case .random: .random
    }
  }

  private var projector: ProjectorSettings {
    var settings = ProjectorSettings()
    settings.hiddenWidth = hidden
    return settings
  }

  private var maskLimit: Limit { maskTop ?? .count(TransferMethod.maskCount) }

  private var mask: AnchorMask {
    switch maskLimit {
    case .all: .all
    case .count(let count): maskAbsolute ? .topAbsolute(count) : .top(count)
    }
  }

  /// What the carried prompt says of it.
  func provenance() throws -> [String: String] {
    var entries = ["method": chosen.rawValue]
    switch transferMethod {
    case .canonical(let ridge, let shrinkage):
      entries["ridge"] = "\(ridge)"
      entries["shrinkage"] = "\(shrinkage)"
    case .linear(let ridge): entries["ridge"] = "\(ridge)"
    case .relative(let search, _):
      entries["maskTop"] = "\(maskLimit)" + (maskAbsolute ? " by absolute value" : "")
      switch search {
      case .exact(let ridge):
        entries["search"] = "exact"
        entries["ridge"] = "\(ridge)"
      case .gradient(let steps, let learningRate):
        entries["search"] = "gradient"
        entries["steps"] = "\(steps)"
        entries["learningRate"] = "\(learningRate)"
      }
    case .projector(let settings): entries["projector"] = try compactJSON(settings)
    default: break
    }
    return entries
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

  var description: String {
    switch self {
    case .all: "all"
    case .count(let count): "\(count)"
    }
  }

  var defaultValueDescription: String { description }
}
