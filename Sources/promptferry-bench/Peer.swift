import ArgumentParser
import Foundation

/// The same work in PyTorch and in llama.cpp.
struct Peer {
  /// As a careful user writes it, and as published research code does it.
  enum Style: String, CaseIterable, ExpressibleByArgument { case best, reference }

  struct Result: Decodable {
    let facts, tokens: Int
    let perSecond: Double
  }

  private let python: String
  private let scripts: String

  static let llamaName = "llama.cpp"

  /// Throws where that Python has not what it takes.
  init(python: String, scripts: String) throws {
    self.python = python
    self.scripts = scripts
    do {
      _ = try Self.output(of: python, ["-c", "import torch, transformers, safetensors"])
    } catch {
      throw BenchError(
        """
        \(python) has no torch, transformers and safetensors. Name one that has: make bench PYTHON=…/bin/python; or \
        make one: python3 -m venv venv && venv/bin/pip install torch transformers safetensors. make bench-own needs none.
        """)
    }
  }

  func run(_ work: Case, _ style: Style, facts: String, words: String) throws -> Result {
    try decoded(
      torch,
      [
        work.work.rawValue, work.model, facts, words, "--style", style.rawValue, "--threads",
        "\(work.threads)", "--limit", "\(work.limit)", "--precision", work.precision.rawValue,
      ])
  }

  /// llama.cpp reads the tokens that evaluating reads, with the file's own types.
  func llama(_ work: Case, facts: String, words: String) throws -> Result {
    try decoded(
      "llama_speed.py",
      [work.model, facts, words, "--threads", "\(work.threads)", "--limit", "\(work.limit)"])
  }

  /// The seconds that 2,000 steps of Adam take, from a tenth of them.
  func search(threads: Int) throws -> Double {
    struct Search: Decodable { let seconds: Double }
    let result: Search = try decoded(torch, ["search", "--steps", "200", "--threads", "\(threads)"])
    return 10 * result.seconds
  }

  private let torch = "torch_speed.py"

  private func decoded<Result: Decodable>(_ script: String, _ arguments: [String]) throws -> Result {
    try JSONDecoder().decode(Result.self, from: Self.output(of: python, ["\(scripts)/\(script)"] + arguments))
  }

  /// Found as the shell finds it.
  private static func output(of python: String, _ arguments: [String]) throws -> Data {
    try Subprocess.output(of: URL(fileURLWithPath: "/usr/bin/env"), [python] + arguments)
  }
}
