import ArgumentParser
import Formats

/// The command line as the parser takes it: other programs' names of options and verbs, negative numbers as values, and the
/// nearest verb where there is none of a name.
enum Arguments {
  /// Names that people bring from other programs.
  private static let options = [
    "--lr": "--learning-rate", "-lr": "--learning-rate", "--batch-size": "--batch",
    "--train-batch-size": "--batch",
    "--per-device-train-batch-size": "--batch", "--num-epochs": "--epochs", "--num-train-epochs": "--epochs",
    "--num-virtual-tokens": "--vectors", "--prompt-length": "--vectors", "--n-tokens": "--vectors",
    "--output-dir": "--output", "--output-file": "--output", "--out": "--output", "--dataset": "--facts",
    "--data": "--facts", "--train-file": "--facts", "--model-name-or-path": "--model",
    "--model-name": "--model",
    "--base-model": "--model", "--source": "--from", "--target": "--to", "--num-threads": "--threads",
    "--random-seed": "--seed", "--candidates": "--vocabulary", "--overwrite": "--force",
  ]
  private static let verbs = [
    "distill": "distil", "train": "tune", "eval": "evaluate", "carry": "transfer", "download": "fetch",
    "show": "inspect", "info": "inspect", "ls": "list", "export": "convert", "experiments": "experiment",
  ]
  private static let flags: Set<String> = [
    "--json", "--quiet", "--force", "--all", "--mask-absolute", "--embeddings-only", "--help", "-h",
    "--version",
    "--trained-anchors", "--watch", "--dry-run",
  ]

  /// Throws `ValidationError` for a verb that there is not, and for what no option takes.
  static func understood(_ arguments: [String]) throws -> [String] {
    var result: [String] = []
    var known: [String]? = names(PromptFerry.configuration)
    var given: Set<String> = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return result + arguments[index...] }
      try Slips.refuse(argument, after: result.last, isValue: result.last.map(wantsValue) ?? false)
      if argument.hasPrefix("-"), argument.count > 1 {
        if let last = result.last, last.hasPrefix("--"), wantsValue(last), isNumber(argument) {
          result[result.count - 1] = "\(last)=\(argument)"
        } else {
          let option = option(argument)
          let name = option.prefix { $0 != "=" }
          let isOne = isOne(String(name), of: result) && result.last != "--sbatch"
          if isOne, !given.insert(name == "-o" ? "--output" : String(name)).inserted {
            throw ValidationError(
              "\(VisibleText.line(String(name), limit: 60)) is given twice, and takes one value")
          }
          result.append(option)
        }
      } else if let verbs = known, result.last.map({ flags.contains($0) || !$0.hasPrefix("-") }) ?? true {
        let verb = try verb(argument, among: verbs)
        result.append(verb)
        known = verb == "help" ? nil : verb == "experiment" ? names(ExperimentCommand.configuration) : nil
      } else {
        result.append(argument)
      }
    }
    return result
  }

  /// Whether an option names one file or model, in a command line that begins so: of two the parser would take the last, as it does
  /// of other values, and nobody would see that the first was not read.
  private static func isOne(_ option: String, of arguments: [String]) -> Bool {
    let verbs = arguments.filter { !$0.hasPrefix("-") }.prefix(2)
    switch option {
    case "--model", "--prompt", "--to": return true
    case "--facts": return verbs.first != "tune"
    case "-o", "--output": return verbs.last != "report"
    default: return false
    }
  }

  /// Whether what comes after it is its value.
  private static func wantsValue(_ argument: String) -> Bool {
    argument.hasPrefix("-") && argument.count > 1 && !argument.contains("=") && !flags.contains(argument)
  }

  private static func names(_ configuration: CommandConfiguration) -> [String] {
    configuration.subcommands.map(name) + ["help"]
  }

  static func name(_ command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? "\(command)".lowercased()
  }

  /// In our names; as they are where they are not understood.
  static func inOurNames(_ arguments: [String]) -> [String] { (try? understood(arguments)) ?? arguments }

  private static func isNumber(_ text: String) -> Bool { Double(text) != nil }

  private static func option(_ argument: String) -> String {
    let end = argument.firstIndex(of: "=") ?? argument.endIndex
    let name = argument[..<end]
    let hyphenated = name.hasPrefix("--") ? "--" + name.dropFirst(2).replacing("_", with: "-") : String(name)
    return (options[hyphenated] ?? hyphenated) + argument[end...]
  }

  private static func verb(_ word: String, among known: [String]) throws -> String {
    if known.contains(word) { return word }
    if word == "version", known.contains("tune") { return "--version" }
    if let ours = verbs[word], known.contains(ours) { return ours }
    let shown = VisibleText.line(word, limit: 60)
    let near = known.map { (name: $0, distance: distance($0, word)) }.min { $0.distance < $1.distance }
    if let near, near.distance <= max(1, near.name.count / 3) {
      throw ValidationError("'\(shown)' is no verb. Did you mean '\(near.name)'?")
    }
    throw ValidationError(
      "'\(shown)' is no verb. There are: \(known.filter { $0 != "help" }.joined(separator: ", "))")
  }

  /// How many letters are to be put in, taken out or replaced; two that change places are one.
  static func distance(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first), Array(second.lowercased().prefix(40)))
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
        row.append(cost)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
