import ArgumentParser
import Formats
import Foundation

/// Runs our side and PyTorch's in turn, A B C A B C …, each in a process of its own, and writes what comes out as JSON and
/// as Markdown. Without Python our side alone.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "compare")

  @Option(help: "A checkpoint of BERT-base's shape.") var base: String
  @Option(help: "A small model.") var small: String
  @Option(help: "Facts, one JSON object a line.") var facts: String
  @Option(help: "Candidate answers, one word a line.") var words: String
  @Option(help: "A Python with torch, transformers and safetensors.") var python: String?
  @Option(help: "The work in PyTorch.") var script = "scripts/bench/torch_speed.py"
  @Option(help: "How often everything is run.") var rounds = 3
  @Option(help: "Facts for the large model.") var baseFacts = 96
  @Option(help: "Facts for the small model.") var smallFacts = 768
  @Option(help: "The most threads; half of the runs have one.") var threads = 2
  @Option(name: [.short, .customLong("output")], help: "The folder of results.json and results.md.")
  var output: String

  func run() throws {
    let peer = try python.map { try Peer(python: $0, script: script) }
    let folder = URL(fileURLWithPath: output)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let cases = [("base", base, baseFacts), ("small", small, smallFacts)].flatMap { name, model, limit in
      MeasureModel.Work.allCases.flatMap { work in
        Set([threads, 1]).sorted(by: >).map { threads in
          Case(shape: name, model: model, limit: limit, work: work, threads: threads)
        }
      }
    }
    var results = Comparison(cases: cases.map { Comparison.Entry($0) }, search: Comparison.Search())
    for round in 1...max(1, rounds) {
      for index in cases.indices {
        report("round \(round) of \(rounds): \(cases[index])")
        try results.cases[index].add(ours(cases[index]))
        if let peer {
          for style in Peer.Style.allCases {
            let theirs = try peer.run(cases[index], style, facts: facts, words: words)
            try results.cases[index].add(theirs, style)
          }
        }
      }
      report("round \(round) of \(rounds): search")
      results.search.ours.append(try own(["search", "--threads", "\(threads)"]))
      if let peer { results.search.adamSeconds.append(try peer.search(threads: threads)) }
    }
    try encoded(results).write(to: folder.appendingPathComponent("results.json"))
    let text = ResultTable.markdown(results)
    try Data(text.utf8).write(to: folder.appendingPathComponent("results.md"))
    print(text)
  }

  private func ours(_ work: Case) throws -> MeasureModel.Result {
    try own([
      "model", work.model, facts, words, "--work", work.work.rawValue, "--threads", "\(work.threads)",
      "--limit", "\(work.limit)",
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

/// One kind of work on one model.
struct Case: Codable, CustomStringConvertible {
  let shape: String
  let model: String
  let limit: Int
  let work: MeasureModel.Work
  let threads: Int

  var description: String { "\(work) \(shape), \(threads) \(threads == 1 ? "thread" : "threads")" }
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
