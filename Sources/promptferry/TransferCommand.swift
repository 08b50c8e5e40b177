import ArgumentParser
import Checkpoints
import Foundation
import PromptTransfer
import Tensors

struct TransferCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer",
    abstract: "Carries a prompt to another model, without labels and without running a model.",
    discussion: """
      Example:
        promptferry transfer --from zoo:bert-small=capital.safetensors --to zoo:roberta-small -o carried.safetensors

      Several --from combine several sources; MODEL=PROMPT@2 counts double.
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable {
    case relative, linear, procrustes, projector, discretize, naive, copy, random
  }
  enum Search: String, ExpressibleByArgument, CaseIterable { case exact, gradient }
  enum AnchorOrder: String, ExpressibleByArgument, CaseIterable { case sorted, random }

  @Option(help: SourceArgument.help) var from: [SourceArgument]
  @Option(help: "The target model: only its embeddings and tokenizer are read.", completion: .directory)
  var to: String
  @Option(help: "Anchor words, one a line, or 'shared' for all words that the models share.") var anchors =
    "shared"
  @Option(help: "How many of the anchors are used: a number, or all.") var anchorCount: Limit = .all
  @Option(help: "Which of them: the first, sorted by their bytes, or drawn with --seed.")
  var anchorOrder: AnchorOrder = .sorted
  @Option(help: "How many of the most similar anchors describe a vector: a number, or all.")
  var maskTop: Limit = .count(8192)
  @Flag(help: "Choose them by absolute similarity.") var maskAbsolute = false
  @Option(help: "How target vectors are found.") var search: Search = .exact
  @Option(help: "Units of the projector's hidden layer (default: the wider of the two embeddings).")
  var hidden: Int?
  @Option(
    help: """
      Ridge of exact search and of the linear map, in units of the anchors' mean square: 0 reaches the highest \
      objective, a little more carries better between models.
      """)
  var ridge: Double = 0.1
  @Option(help: "Steps of gradient search.") var steps = 2000
  @Option(help: "Learning rate of gradient search.") var learningRate: Float = 5e-3
  @Option(help: "How the target's scale is given.") var normalize: NormalizationRule = .strength
  @Option(help: "What carries the prompt: the paper's relative code, or a baseline.") var method: Method =
    .relative
  @Option(name: [.short, .customLong("output")], help: "The prompt file to write.", completion: .file())
  var output: String
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if from.isEmpty { throw ValidationError("--from MODEL=PROMPT is missing") }
    if !(ridge >= 0 && ridge.isFinite) { throw ValidationError("--ridge wants 0 or more") }
    if steps < 1 { throw ValidationError("--steps wants at least 1") }
    if !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate wants a positive number")
    }
    if let hidden {
      if !(1...65_536).contains(hidden) {
        throw ValidationError("--hidden wants a number from 1 to 65536")
      }
      if method != .projector { throw ValidationError("--hidden belongs to --method projector") }
    }
    if anchorOrder == .random, case .all = anchorCount {
      throw ValidationError("--anchor-order random wants a number with --anchor-count")
    }
    if method != .relative {
      if search == .gradient { throw ValidationError("--search gradient belongs to --method relative") }
      if maskAbsolute { throw ValidationError("--mask-absolute belongs to --method relative") }
    }
    if method == .copy, from.count > 1 {
      throw ValidationError("--method copy takes one --from, not \(from.count)")
    }
  }

  struct Result: Encodable {
    let anchorCount: Int
    let interrupted: Bool
    let method: String
    let normalize: String
    /// Mean over the vectors of the cosine between wanted and reached similarities.
    let objective: Double?
    let objectiveRows: [Double]?
    let output: String
    let peakMemoryBytes: Int
    let ridge: Double?
    let search: String?
    let seconds: Double
    let seed: UInt64
    let sources: [SourceArgument]
    let target: String
  }

  func run() async throws {
    let interruption = Interruption()
    let destination = URL(fileURLWithPath: output)
    try AtomicFile.requireWritable(destination)
    var sources: [TransferSource] = []
    for source in from {
      let place = try await common.model(source.model, .embeddings, interruption)
      sources.append(
        try TransferSource(
          space: place.embeddingSpace(), prompt: SoftPrompt(URL(fileURLWithPath: source.prompt)),
          weight: source.weight))
    }
    let targetPlace = try await common.model(to, .embeddings, interruption)
    let target = try targetPlace.embeddingSpace()
    for source in sources { try source.prompt.requireLabels(in: target) }
    let list = anchors == "shared" ? nil : try CandidateVocabulary.readWords(URL(fileURLWithPath: anchors))
    let clock = ContinuousClock.now
    let transfer = try Transfer(
      sources: sources, target: target,
      anchors: Anchors(
        sources.map(\.space.tokenizer) + [target.tokenizer], list: list, count: usedAnchors),
      method: transferMethod, normalization: effectiveRule, seed: common.seed, parallelism: common.parallelism
    )
    let progress = common.progress("carrying to \(target.name)", unit: "steps")
    let outcome = try transfer.run(
      progress: { progress.update($0, of: $1) }, shouldStop: { interruption.isRequested })
    progress.finish()
    let seconds = clock.duration(to: .now) / .seconds(1)

    let mean = outcome.objective.map { $0.reduce(0, +) / Double(max(1, $0.count)) }
    let isRelative = method == .relative
    let result = Result(
      anchorCount: transfer.anchors.words.count, interrupted: outcome.isInterrupted, method: method.rawValue,
      normalize: effectiveRule.rawValue, objective: mean, objectiveRows: outcome.objective, output: output,
      peakMemoryBytes: Process.peakMemoryBytes,
      ridge: (isRelative && search == .exact) || method == .linear ? ridge : nil,
      search: isRelative ? search.rawValue : nil, seconds: seconds, seed: common.seed,
      sources: from,
      target: target.name)
    try SoftPrompt(
      vectors: outcome.vectors, template: sources[0].prompt.template, modelName: target.name,
      embeddingFingerprint: target.table.fingerprint,
      provenance: try provenance(sources, target, anchorCount: transfer.anchors.words.count, objective: mean)
        .merging(targetPlace.provenance) { $1 }
    ).write(to: destination)
    try common.print(result, text: summary(result))
    if outcome.isInterrupted {
      common.note("Interrupted: \(output) holds what the search had reached.")
      throw ExitCode(130)
    }
  }

  private var transferMethod: TransferMethod {
    switch method {
    case .relative:
      .relative(
        search == .exact ? .exact(ridge: ridge) : .gradient(steps: steps, learningRate: learningRate),
        mask: mask)
    case .linear: .linear(ridge: ridge)
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

  private var usedAnchors: Anchors.Count {
    switch anchorCount {
    case .all: .all
    case .count(let count): anchorOrder == .random ? .random(count, seed: common.seed) : .first(count)
    }
  }

  /// Copied and random vectors are left as they are.
  private var effectiveRule: NormalizationRule { method == .copy || method == .random ? .none : normalize }

  private var mask: AnchorMask {
    switch maskTop {
    case .all: .all
    case .count(let count): maskAbsolute ? .topAbsolute(count) : .top(count)
    }
  }

  /// What the carried prompt says of its making.
  private func provenance(
    _ sources: [TransferSource], _ target: EmbeddingSpace, anchorCount: Int, objective: Double?
  ) throws -> [String: String] {
    var entries = [
      "createdBy": "promptferry \(PromptFerry.version) transfer",
      "method": method.rawValue,
      "normalize": effectiveRule.rawValue,
      "anchorCount": "\(anchorCount)",
      "seed": "\(common.seed)",
      "sources": try compactJSON(
        sources.map { SourceArgument.provenance($0.space, weight: $0.weight) }),
    ]
    if method == .relative {
      entries["search"] = search.rawValue
      if search == .gradient {
        entries["steps"] = "\(steps)"
        entries["learningRate"] = "\(learningRate)"
      }
      entries["maskTop"] = maskTop.description + (maskAbsolute ? " by absolute value" : "")
    }
    if anchorOrder == .random { entries["anchorOrder"] = anchorOrder.rawValue }
    if method == .projector { entries["projector"] = try compactJSON(projector) }
    if method == .linear || (method == .relative && search == .exact) { entries["ridge"] = "\(ridge)" }
    // Rows of the table, always; a model that scales them (Gemma) multiplies the prompt by this as well.
    if target.table.inputScale != 1 { entries["inputScale"] = "\(target.table.inputScale)" }
    entries.merge(try SoftPrompt.provenance(of: sources[0].prompt.labels)) { $1 }
    if let objective { entries["objective"] = "\(objective)" }
    return entries
  }

  private func summary(_ result: Result) -> String {
    let objective = result.objective.map { ", objective \($0.formatted(4))" } ?? ""
    return "\(output): \(result.anchorCount) anchors\(objective), \(result.seconds.formatted(2)) s"
  }
}

extension NormalizationRule: ExpressibleByArgument {}

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
