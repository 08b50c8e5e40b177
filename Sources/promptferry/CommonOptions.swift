import ArgumentParser
import Formats
import Foundation
import PromptTransfer
import Tensors

/// What every verb understands.
struct CommonOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object with sorted keys, and nothing else, on standard output.")
  var json = false

  @Flag(help: "No progress and no notes on standard error.")
  var quiet = false

  @Option(help: "Threads to use (default: what the machine or the scheduler grants).")
  var threads: Int?

  @Option(help: "Seed of everything random.")
  var seed: UInt64 = 0

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads wants a number from 1 to 1024, not \(threads)")
    }
  }

  var parallelism: Parallelism { threads.map { Parallelism(threads: $0) } ?? .granted }

  /// Prints the result: JSON when asked for, and in the replies of a session, else `text`.
  func print(_ result: some Encodable, text: @autoclosure () -> String) throws {
    if let session = Session.current { return session.print(VisibleText.json(try compactJSON(result))) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let output =
      json
      ? VisibleText.json(String(decoding: try encoder.encode(result), as: UTF8.self))
      : VisibleText.lines(text())
    do {
      try FileHandle.standardOutput.write(contentsOf: Data((output + "\n").utf8))
    } catch {
      throw TransferError("standard output", "the result cannot be written", hint: "Look at where it goes")
    }
  }

  /// Says something to the person at the terminal, in one line.
  func note(_ text: String) {
    guard !quiet else { return }
    let line = VisibleText.line(text, limit: 1000)
    if let session = Session.current { session.note(line) } else { StandardError.write(line + "\n") }
  }

  /// Writes the best prompt of work that fails, and says so. What stands in the way is not told: the failure is.
  func rescue(_ prompt: SoftPrompt, to output: URL) {
    guard (try? prompt.write(to: output)) != nil else { return }
    note("\(output.lastPathComponent.shown) holds the best prompt before it failed.")
  }

  /// Of work that begins now.
  func progress(_ title: String, unit: String) -> ProgressReporter {
    ProgressReporter(title: title, unit: .things(unit), isSilent: quiet).begin()
  }

  /// Looks up words, of which a list may hold millions, with progress. `body` returns nil when stopped.
  func lookingUp<Value>(
    _ what: String,
    _ body: (_ progress: (Int, Int) -> Void, _ shouldStop: @escaping @Sendable () -> Bool) throws -> Value?
  ) throws -> Value {
    let interruption = Interruption.shared
    let reporter = progress("looking up \(what)", unit: "words")
    defer { reporter.finish() }
    guard let value = try body({ reporter.update($0, of: $1) }, { interruption.isRequested }) else {
      throw interruption.exit
    }
    return value
  }
}

extension Dataset {
  /// Where answers are looked for: a task's label words, or the words of a list, one a line, or all whole words.
  func candidates(
    listedIn path: String?, space: EmbeddingSpace, _ common: CommonOptions
  ) throws -> CandidateVocabulary {
    if let path, let task {
      throw TransferError(
        "--vocabulary \(path)", "has no place beside the label words of \(task.description.name)")
    }
    let words = try path.map { try CandidateVocabulary.readWords(URL(fileURLWithPath: $0)) }
    return try common.lookingUp("words of \(space.name)") { progress, shouldStop in
      try candidates(words: words, space: space, progress: progress, shouldStop: shouldStop)
    }
  }
}

extension String {
  /// What a file or an argument says, within a line of ours.
  var shown: String { VisibleText.line(self) }
}

enum StandardError {
  /// Whatever becomes of it: no message is worth losing work for.
  static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}

/// Where things are on this machine.
enum Location {
  /// The data that ships with the command: `share/promptferry` beside one of the folders above the binary, which holds
  /// in the repository as in an installed prefix.
  static func shared() throws -> URL {
    var folder = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
      .resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("share/promptferry")
      if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
      folder.deleteLastPathComponent()
    }
    throw TransferError(
      "share/promptferry", "is not found above the binary",
      hint: "Reinstall, or run the binary from the repository")
  }

  static func shippedModel(_ name: String) throws -> URL {
    try named(name[...], in: shared().appendingPathComponent("zoo"), "zoo:\(name)")
  }

  static func facts(_ argument: String) throws -> URL {
    guard !argument.isEmpty else {
      throw TransferError("FACTS", "is empty", hint: "Give a folder or atlas:RELATION")
    }
    guard argument.hasPrefix("atlas:") else {
      guard argument.hasPrefix("atlas/"), !FileManager.default.fileExists(atPath: argument) else {
        return URL(fileURLWithPath: argument)
      }
      throw TransferError(
        argument, "is not there",
        hint: "Facts that ship with promptferry are atlas:RELATION, as atlas:\(argument.dropFirst(6))")
    }
    let data = try shared().appendingPathComponent("atlas/data")
    return argument == "atlas:" ? data : try named(argument.dropFirst(6), in: data, argument)
  }

  /// A file or folder: `share:` stands for the data that ships with the command.
  static func file(_ argument: String) throws -> URL {
    guard argument.hasPrefix("share:") else { return URL(fileURLWithPath: argument) }
    return try shared().appendingPathComponent(String(argument.dropFirst(6)))
  }

  /// A configuration: a file, or the name of one that ships with the command.
  static func experiment(_ argument: String) throws -> URL {
    if FileManager.default.fileExists(atPath: argument) { return URL(fileURLWithPath: argument) }
    let folder = try shared().appendingPathComponent("experiments")
    let shipped = folder.appendingPathComponent("\(argument).json")
    guard FileManager.default.fileExists(atPath: shipped.path) else {
      let names = (FileManager.default.subpaths(atPath: folder.path) ?? []).filter { $0.hasSuffix(".json") }
        .map { String($0.dropLast(5)) }.sorted()
      let word = argument.split(separator: "/").last.map { $0.hasSuffix(".json") ? $0.dropLast(5) : $0 }
      let meant = names.filter { $0.split(separator: "/").last == word }
      throw TransferError(
        argument, "is no configuration",
        hint: meant.isEmpty
          ? "Give a JSON file, or one of: \(names.joined(separator: ", "))"
          : "Of those that ship it may be \(meant.joined(separator: " or "))")
    }
    return shipped
  }

  private static func named(_ name: Substring, in folder: URL, _ argument: String) throws -> URL {
    let names = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: [.isDirectoryKey]
    )
    .filter { (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true }
    .map(\.lastPathComponent).sorted()
    guard names.contains(String(name)) else {
      throw TransferError(argument, "is not there", hint: "There are: \(names.joined(separator: ", "))")
    }
    return folder.appendingPathComponent(String(name))
  }
}

extension LearningRate {
  /// As an option has it.
  init(argument: String) throws {
    guard let rate = LearningRate(argument) else {
      throw ValidationError("--learning-rate wants a positive number, or one of deviations as 0.08sd")
    }
    self = rate
  }
}
