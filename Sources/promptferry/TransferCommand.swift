import ArgumentParser
import Formats
import Foundation
import Hub
import PromptTransfer

struct TransferCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer",
    abstract: "Carries a prompt to another model, without labels and without running a model.",
    discussion: """
      Example:
        promptferry transfer --from zoo:bert-small=capital.safetensors \\
          --to zoo:roberta-small -o carried.safetensors

      Several --from combine several sources; MODEL=PROMPT@2 counts double. Nothing of the target but its embeddings is read, and no \
      label, unless --select dev asks for its answers to development facts.

      Where the output is a folder (it ends with a /), so is the prompt of each --from, and every prompt file that they all \
      hold is carried: many take hardly longer than one.
        promptferry transfer --from zoo:bert-small=prompts/ --to zoo:roberta-small \\
          -o carried/

      What carries more asks for more:
        two tables       as above: a second, and enough between models alike;
                         between large decoders seldom
        subjects         --select agreement --subjects FACTS: forward passes of
                         both models, no label
        and gradients    promptferry distil: some minutes of tuning by the
                         source's answers, no label
        a few labels     promptferry tune --init prompt:carried.safetensors \\
                           --facts-limit 16

      What each reached, and where: docs/findings.md.
      """)

  enum AnchorOrder: String, ExpressibleByArgument, CaseIterable { case sorted, random, frequency }

  @Option(help: SourceArgument.help) var from: [SourceArgument]
  @Option(help: PromptFile.templateHelp) var template: String?
  @Option(help: "The target model: only its embeddings and tokenizer are read.", completion: .directory)
  var to: String
  @Option(help: "Anchor words, one a line, or 'shared' for all words that the models share.") var anchors =
    "shared"
  @Option(help: "How many of the anchors are used: a number, or all.") var anchorCount: Limit = .all
  @Option(
    help: """
      Which of them: drawn with --seed (default), the first, sorted by their bytes, or the most frequent: those with the \
      lowest numbers in the target's vocabulary.
      """)
  var anchorOrder: AnchorOrder?
  @Option(help: "How many of the most frequent are left out before (default: 0).") var anchorSkip: Int?
  @Flag(
    help:
      "Leave out words that one of the models hardly learned: rows close to those of its tokens that no text holds."
  )
  var trainedAnchors = false
  @Option(
    help: "How the target's scale is given (default: strength; none where a method gives lengths itself).")
  var normalize: NormalizationRule?
  @OptionGroup var how: MethodOptions
  @OptionGroup var selection: SelectionOptions
  @Option(
    name: [.short, .customLong("output")], help: "The prompt file to write, or FOLDER/ for several.",
    completion: .file())
  var output: String
  @OptionGroup var computing: ComputingOptions
  @OptionGroup var writing: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let count = Int(anchors), count > 0, !FileManager.default.fileExists(atPath: anchors) {
      throw ValidationError(
        "--anchors wants a list of words; how many of them are used is --anchor-count \(count)")
    }
    if from.isEmpty { throw ValidationError("--from MODEL=PROMPT is missing") }
    if anchorOrder != nil, case .all = anchorCount {
      throw ValidationError("--anchor-order wants a number with --anchor-count")
    }
    if let anchorSkip {
      if anchorOrder != .frequency {
        throw ValidationError("--anchor-skip belongs to --anchor-order frequency")
      }
      if anchorSkip < 0 { throw ValidationError("--anchor-skip wants a number from 0, not \(anchorSkip)") }
    }
    try selection.requirePlace(beside: how)
    if selection.select == .dev, output.hasSuffix("/") {
      throw ValidationError("--select dev chooses for one prompt, whose facts it is given")
    }
    if how.method == Copy.name, from.count > 1 {
      throw ValidationError("--method copy takes one --from, not \(from.count)")
    }
  }

  struct Result: Encodable {
    let anchorCount: Int
    /// What --select chose.
    let chosen: [String: String]?
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
    /// The accuracy on the development facts, or the mean cosine of held-out words.
    let selectionScore: Double?
    let sources: [SourceArgument]
    let target: String
  }

  /// Of several prompts.
  struct Results: Encodable {
    let interrupted: Bool
    let prompts: [Result]
    let seconds: Double
  }

  func run() async throws {
    let interruption = Interruption.shared
    let models = from.map(\.model) + [to]
    let places = try PromptPlaces(from: from.map(\.prompt), output: output) { outputs, sources in
      let lists = [anchors == "shared" ? nil : anchors, selection.vocabulary].compactMap(\.self)
      let inputs = OutputOptions.Inputs(
        models: models, files: sources + lists.map { URL(fileURLWithPath: $0) },
        data: try [selection.facts, selection.subjects].compactMap(\.self).map(Location.dataset))
      for output in outputs { try writing.check(output, .prompt, reading: inputs) }
    }
    let layout = try template.map { try Template($0) }
    // Where answers are compared, the whole models are opened, once.
    let part: HubPart = selection.agrees ? .model : .embeddings
    var sources: [LanguageModel] = []
    var spaces: [EmbeddingSpace] = []
    for source in from {
      let place = try await common.model(source.model, part, interruption)
      if selection.agrees { sources.append(try place.languageModel(computing.computing)) }
      spaces.append(try sources.last?.space ?? place.embeddingSpace())
    }
    let targetPlace = try await common.model(to, part, interruption)
    let targetModel = selection.agrees ? try targetPlace.languageModel(computing.computing) : nil
    let target = try targetModel?.space ?? targetPlace.embeddingSpace()
    let prompts = try places.sources.map { sources in
      try zip(sources, spaces).map { try PromptFile($0, template: layout).prompt(in: $1) }
    }
    for prompt in prompts.joined() { try prompt.requireLabels(in: target) }
    let list = anchors == "shared" ? nil : try CandidateVocabulary.readWords(URL(fileURLWithPath: anchors))
    let clock = ContinuousClock.now
    let method = try how.transferMethod(default: selection.usualMethod)
    var words = try common.lookingUp("anchors") { progress, shouldStop in
      try SharedVocabulary(
        sources: spaces, target: target, list: list, progress: progress, shouldStop: shouldStop)
    }
    if trainedAnchors { words = words.withoutUndertrained() }
    words = words.drawn(usedAnchors)
    let transfer = Transfer(
      words, method: method, normalization: type(of: method).readsWords ? normalize : nil, seed: common.seed,
      parallelism: common.parallelism)
    if keepsHalf(method) { interruption.beginWork() }
    let progress = common.progress("carrying to \(target.name)", unit: "steps")
    let outcomes = try transfer.run(
      prompts, weights: from.map(\.weight),
      selection: try await selection(prompts, places, sources, targetModel, interruption),
      progress: { progress.update($0, of: $1) }, shouldStop: { interruption.isRequested })
    progress.finish()
    guard let outcomes else {
      common.note("Interrupted before there was a choice: nothing is written.")
      throw Interruption.shared.exit
    }
    let seconds = clock.duration(to: .now) / .seconds(1)
    if places.isFolder { interruption.beginWork() }  // all are written, or it would have to be said which
    let peak = Process.peakMemoryBytes
    var results: [Result] = []
    for (place, outcome) in outcomes.enumerated() {
      try outcome.prompt.adding(provenance: targetPlace.provenance).write(to: places.outputs[place])
      results.append(
        result(outcome, transfer, output: places.names[place], seconds: seconds, peakMemoryBytes: peak))
    }
    try report(results, isFolder: places.isFolder, seconds: seconds)
  }

  /// Whether there is something to write where the method is stopped on its way.
  private func keepsHalf(_ method: any TransferMethod) -> Bool {
    selection.select == nil
      && ((method as? RelativeSearch)?.isGradient == true || method is NeuralProjector)
  }

  private func result(
    _ outcome: FittedTransfer.Outcome, _ transfer: Transfer, output: String, seconds: Double,
    peakMemoryBytes: Int
  ) -> Result {
    let settings = MethodRegistry.settings(of: transfer.method)
    return Result(
      anchorCount: transfer.words.words.count, chosen: outcome.choice?.setting,
      interrupted: outcome.isInterrupted, method: transfer.method.name,
      normalize: outcome.normalization.rawValue,
      objective: outcome.meanObjective,
      objectiveRows: outcome.objective, output: output, peakMemoryBytes: peakMemoryBytes,
      ridge: selection.select == nil ? settings["ridge"]?.number : nil,
      search: settings["search"].map { "\($0)" }, seconds: seconds,
      seed: common.seed, selectionScore: outcome.choice?.score, sources: from, target: transfer.target.name)
  }

  /// Prints the results; exits with 130 when the search was interrupted.
  private func report(_ results: [Result], isFolder: Bool, seconds: Double) throws {
    let isInterrupted = results.contains(where: \.interrupted)
    if isFolder {
      try common.print(
        Results(interrupted: isInterrupted, prompts: results, seconds: seconds),
        text: (results.map { summary($0, showsTime: false) }
          + ["\(results.count) prompts, \(seconds.formatted(2)) s"]).joined(separator: "\n"))
    } else {
      try common.print(results[0], text: summary(results[0]))
    }
    if selection.select == nil {
      common.note(
        "How well this carries two tables cannot tell: where measured, from nothing to all that tuning on the target reaches. "
          + "Unlabelled subjects carry more: --select agreement, or distil (promptferry transfer --help).")
    }
    if isInterrupted {
      common.note("Interrupted: \(output) holds what the search had reached.")
      throw Interruption.shared.exit
    }
  }

  private var usedAnchors: SharedVocabulary.Count {
    switch anchorCount {
    case .all: .all
    case .count(let count):
      switch anchorOrder {
      case .sorted: .first(count)
      case .frequency: .frequent(count, skipping: anchorSkip ?? 0)
      case .random, nil: .random(count, seed: common.seed)
      }
    }
  }

  /// - Parameter showsTime: not of one of several, which are carried together
  private func summary(_ result: Result, showsTime: Bool = true) -> String {
    let reached =
      result.objective.map { ", mean cosine of wanted and reached similarities \($0.formatted(4))" } ?? ""
    let time = showsTime ? ", \(result.seconds.formatted(2)) s" : ""
    let how = result.search.map { " (\($0) search)" } ?? ""
    return "\(result.output.shown): \(result.method)\(how), \(result.anchorCount) anchors\(reached)\(time)"
  }
}

extension NormalizationRule: ExpressibleByArgument {}
