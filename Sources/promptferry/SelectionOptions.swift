import ArgumentParser
import PromptTransfer

/// Who chooses what a method leaves open.
struct SelectionOptions: ParsableArguments {
  enum Judge: String, ExpressibleByArgument, CaseIterable { case words, dev }

  @Option(
    help: """
      Choose the ridge: by shared words that are held out, without labels; or, as the reference does, by the target's \
      answers to the development facts of --facts, of gradient search the best of 40 candidates.
      """)
  var select: Judge?
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
}
