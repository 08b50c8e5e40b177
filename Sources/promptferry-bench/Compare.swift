import ArgumentParser
import Formats
import Foundation
import Tensors

/// Runs our side and PyTorch's in turn, A B C A B C …, each in a process of its own, and writes what comes out as JSON and
/// as Markdown. Without Python our side alone.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "compare")

  @Option(name: .customLong("model"), help: "A model, and of how many facts it is asked: NAME:FACTS=PATH.")
  var models: [ModelUnderTest]
  @Option(help: "Facts, one JSON object a line.") var facts: String
  @Option(help: "Candidate answers, one word a line.") var words: String
  @Option(help: "A Python with torch, transformers and safetensors.") var python: String?
  @Option(help: "The folder of the work as others do it.") var scripts = "scripts/bench"
  @Option(name: .customLong("style"), help: "PyTorch's: best or reference, which is Float32 only.")
  var styles = Peer.Style.allCases
  @Option(name: .customLong("precision"), help: "f32 or bf16.") var precisions: [Precision] = [.f32]
  @Option(name: .customLong("work"), help: "tune or evaluate.") var works = MeasureModel.Work.allCases
  @Flag(help: "Let llama.cpp read the same tokens where a model is a GGUF; wants llama-cpp-python.")
  var llama = false
  @Flag(inversion: .prefixedNo, help: "The exact search as well.") var search = true
  @Option(help: "How often everything is run.") var rounds = 3
  @Option(name: .customLong("threads"), help: "How many threads; more than once for each of them.")
  var threadCounts = [2, 1]
  @Option(name: [.short, .customLong("output")], help: "The folder of results.json and results.md.")
  var output: String

  func run() throws {
    let peer = try python.map { try Peer(python: $0, scripts: scripts) }
    let folder = URL(fileURLWithPath: output)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var results = Comparison(cases: cases.map { Comparison.Entry($0) }, search: Comparison.Search())
    for round in 1...max(1, rounds) {
      for index in results.cases.indices {
        let work = results.cases[index].work
        report("round \(round) of \(rounds): \(work)")
        try results.cases[index].add(ours(work))
        guard let peer else { continue }
        for style in styles where style == .best || work.precision == .f32 {
          try results.cases[index].add(peer.run(work, style, facts: facts, words: words), style.rawValue)
        }
        if llama, work.work == .evaluate, work.model.hasSuffix(".gguf") {
          try results.cases[index].add(peer.llama(work, facts: facts, words: words), Peer.llamaName)
        }
      }
      if search, let most = threadCounts.max() {
        report("round \(round) of \(rounds): search")
        results.search.ours.append(try own(["search", "--threads", "\(most)"]))
        if let peer { results.search.adamSeconds.append(try peer.search(threads: most)) }
      }
      // What there is stays, should a later round be stopped.
      try encoded(results).write(to: folder.appendingPathComponent("results.json"), options: .atomic)
    }
    let text = ResultTable.markdown(results)
    try Data(text.utf8).write(to: folder.appendingPathComponent("results.md"), options: .atomic)
    print(text)
  }

  private var cases: [Case] {
    var cases: [Case] = []
    for model in models {
      for work in works {
        for threads in threadCounts {
          for precision in precisions {
            cases.append(
              Case(
                shape: model.name, model: model.path, limit: model.facts, work: work, threads: threads,
                precision: precision))
          }
        }
      }
    }
    return cases
  }

  private func ours(_ work: Case) throws -> MeasureModel.Result {
    try own([
      "model", work.model, facts, words, "--work", work.work.rawValue, "--threads", "\(work.threads)",
      "--limit", "\(work.limit)", "--precision", work.precision.rawValue,
    ])
  }

  private func own<Result: Decodable>(_ arguments: [String]) throws -> Result {
    let binary = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
    return try JSONDecoder().decode(Result.self, from: Subprocess.output(of: binary, arguments))
  }

  private func report(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
  }
}

/// NAME:FACTS=PATH.
struct ModelUnderTest: ExpressibleByArgument {
  let name: String
  let facts: Int
  let path: String

  init?(argument: String) {
    guard let equal = argument.firstIndex(of: "="),
      let colon = argument[..<equal].lastIndex(of: ":"),
      let facts = Int(argument[argument.index(after: colon)..<equal]), facts > 0
    else { return nil }
    (name, self.facts) = (String(argument[..<colon]), facts)
    path = String(argument[argument.index(after: equal)...])
  }
}

extension Precision: ExpressibleByArgument {}

/// One kind of work on one model.
struct Case: Codable, CustomStringConvertible {
  let shape: String
  let model: String
  let limit: Int
  let work: MeasureModel.Work
  let threads: Int
  let precision: Precision

  var description: String {
    let precision = precision == .f32 ? "" : ", \(precision)"
    return "\(work) \(shape)\(precision), \(threads) \(threads == 1 ? "thread" : "threads")"
  }
}

enum Subprocess {
  /// What the command writes on standard output; what is wrong goes to ours. Throws when it fails.
  static func output(of binary: URL, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = binary
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchError(
        "\(([binary.path] + arguments).joined(separator: " ")) failed")
    }
    return data
  }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
