import ArgumentParser
import PromptTransfer
import Tensors

/// Who chooses what a method leaves open.
struct SelectionOptions: ParsableArguments {
  enum Selection: String, ExpressibleByArgument, CaseIterable { case words, dev }

  @Option(
    help: """
      Choose the ridge: by shared words that are held out, without labels; or, as the reference does, by the target's \
      answers to the development facts of --facts, of gradient search the best of 40 candidates.
      """)
  var select: Selection?
  @Option(help: "Facts whose dev split --select dev looks at.", completion: .directory) var facts: String?
  @Option(
    help: "Words among which their answers are looked for, one a line (default: all whole words).",
    completion: .file())
  var vocabulary: String?

  func validate() throws {
    if select == .dev, facts == nil { throw ValidationError("--select dev wants --facts") }
    if select != .dev {
      if facts != nil { throw ValidationError("--facts belongs to --select dev") }
      if vocabulary != nil { throw ValidationError("--vocabulary belongs to --select dev") }
    }
  }

  func requirePlace(beside how: MethodOptions) throws {
    guard let select else { return }
    if how.ridge != nil { throw ValidationError("--ridge and --select exclude each other") }
    let isSearch = select == .dev && how.search == .gradient
    if how.transferMethod.ridge == nil && !isSearch {
      throw ValidationError("--select \(select.rawValue) finds nothing to choose in this method")
    }
  }

  /// Carries prompts between the same models, and chooses for each where asked. Nil when stopped before there was a choice.
  func run(
    _ transfers: [Transfer], prepare: () async throws -> DevSelection,
    progress: (_ done: Int, _ total: Int) -> Void, shouldStop: @escaping @Sendable () -> Bool
  ) async throws -> [Chosen]? {
    let selected: [Selected?]
    switch select {
    case nil:
      return try Transfer.run(transfers, progress: progress, shouldStop: shouldStop)
        .map { Chosen(outcome: $0) }
    case .words: selected = try transfers.map { try WordSelection().run($0, shouldStop: shouldStop) }
    case .dev:
      let selection = try await prepare()
      selected = try transfers.map {
        try selection.run($0, progress: progress, shouldStop: shouldStop)
      }
    }
    let chosen = selected.compactMap { $0.map(Chosen.init) }
    return chosen.count == transfers.count ? chosen : nil
  }

  struct Chosen {
    let outcome: Transfer.Outcome
    var setting: [String: String]?
    var score: Double?

    init(outcome: Transfer.Outcome) { self.outcome = outcome }

    init(_ selected: Selected) {
      outcome = selected.outcome
      setting = selected.chosen
      score = selected.score
    }
  }
}
