import ArgumentParser
import PromptTransfer

/// Who chooses what a method leaves open.
struct SelectionOptions: ParsableArguments {
  enum Judge: String, ExpressibleByArgument, CaseIterable { case words, agreement, divergence, dev }

  @Option(
    help: """
      Choose what the method leaves open. words: the ridge, by shared words that are held out; tables alone are read. \
      agreement: map and ridge, by how often the target answers the --subjects as the source does with its own prompt; no \
      object is read, but both models must run here. divergence: the same by the distributions of their answers. dev: as the \
      reference does, by the target's answers to the development facts of --facts, of gradient search the best of 40 \
      candidates.
      """)
  var select: Judge?
  @Option(help: "Facts whose dev split --select dev looks at.", completion: .directory) var facts: String?
  @Option(
    help: """
      Facts, or a task, whose subjects --select agreement asks for: those of the dev split, at most 200. For folders of prompts a \
      folder of relations, by the prompts' names. Objects and labels are not read.
      """, completion: .directory)
  var subjects: String?
  @Option(
    help: "Words among which answers are looked for, one a line (default: all whole words).",
    completion: .file())
  var vocabulary: String?

  /// Whether answers are compared with the sources'.
  var agrees: Bool { select == .agreement || select == .divergence }

  func validate() throws {
    if select == .dev, facts == nil { throw ValidationError("--select dev wants --facts") }
    if let select, agrees, subjects == nil {
      throw ValidationError("--select \(select.rawValue) wants --subjects")
    }
    if select != .dev, facts != nil { throw ValidationError("--facts belongs to --select dev") }
    if !agrees, subjects != nil { throw ValidationError("--subjects belongs to --select agreement") }
    if select != .dev, !agrees, vocabulary != nil {
      throw ValidationError("--vocabulary belongs to --select dev and --select agreement")
    }
  }

  /// What is compared where no method is named.
  var usualMethod: String { agrees ? AnyMethod.name : CanonicalMap.name }

  func requirePlace(beside how: MethodOptions) throws {
    let method = try how.transferMethod(default: usualMethod)
    guard let select else {
      if method is AnyMethod { throw ValidationError("--method any wants --select") }
      return
    }
    if how.ridge != nil { throw ValidationError("--ridge and --select exclude each other") }
    let hasChoice = method is AnyMethod || MethodRegistry.settings(of: method)["ridge"] != nil
    if !hasChoice && !(select != .words && (method as? RelativeSearch)?.isGradient == true) {
      throw ValidationError("--select \(select.rawValue) finds nothing to choose in this method")
    }
  }
}
