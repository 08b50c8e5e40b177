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
    let method = try how.transferMethod()
    let hasRidge = MethodRegistry.settings(of: method)["ridge"] != nil
    if !hasRidge && !(select == .dev && how.search == .gradient) {
      throw ValidationError("--select \(select.rawValue) finds nothing to choose in this method")
    }
  }

  /// Carries prompts between the same models, and chooses for each where asked. Nil when stopped before there was a choice.
  /// - Parameters:
  ///   - jobs: each holds one prompt of each source
  ///   - weights: each source's share
  func run(
    _ transfer: Transfer, _ jobs: [[SoftPrompt]], weights: [Float], prepare: () async throws -> DevSelection,
    progress: @escaping (_ done: Int, _ total: Int) -> Void, shouldStop: @escaping @Sendable () -> Bool
  ) async throws -> [Chosen]? {
    switch select {
    case nil:
      let fitted = try transfer.fit(progress: progress, shouldStop: shouldStop)
      return try fitted.carry(jobs, weights: weights, progress: progress, shouldStop: shouldStop)
        .map { Chosen(outcome: $0, adjustments: fitted.adjustments) }
    case .words:
      guard let choice = try WordSelection().choose(transfer, weights: weights, shouldStop: shouldStop) else {
        return nil
      }
      return try choice.transfer.carry(jobs, weights: weights, shouldStop: shouldStop).map {
        Chosen(
          outcome: $0, adjustments: choice.transfer.adjustments, setting: choice.chosen, score: choice.score)
      }
    case .dev:
      let selection = try await prepare()
      var chosen: [Chosen] = []
      for prompts in jobs {
        guard
          let selected = try selection.run(
            transfer, prompts, weights: weights, progress: progress, shouldStop: shouldStop)
        else { return nil }
        chosen.append(
          Chosen(
            outcome: selected.outcome, adjustments: [:], setting: selected.chosen, score: selected.score))
      }
      return chosen
    }
  }

  struct Chosen {
    let outcome: FittedTransfer.Outcome
    /// Numbers that had to be changed to be computed with.
    let adjustments: [String: String]
    var setting: [String: String]?
    var score: Double?
  }
}
