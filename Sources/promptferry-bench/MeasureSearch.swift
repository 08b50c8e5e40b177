import ArgumentParser
import Foundation
import PromptTransfer
import Tensors

/// Exact search at the paper's size: one relation alone, and all relations of a pair together.
struct MeasureSearch: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "search")

  @Option var anchors = 17230
  @Option var width = 768
  @Option var vectors = 5
  @Option var relations = 41
  @Option var threads = 2
  @Option(help: "Anchors that describe a vector; 0 for all.") var maskTop = 8192
  @Option var ridge = 0.1
  @Option(help: "How often each is done.") var passes = 3

  struct Result: Codable {
    /// Of one relation alone, and of each where all are searched together; the middle one of the passes.
    let oneSeconds, eachSeconds: Double
    let threads, relations: Int
    let peakMemoryBytes: Int
  }

  func run() throws {
    print(String(decoding: try encoded(measure()), as: UTF8.self), terminator: "")
  }

  private func measure() -> Result {
    var random = RandomStream(seed: 0, name: "bench.search")
    // Embeddings have a common part, and more of it in some directions than in others.
    let spread = (0..<width).map { Float(0.1 / (1 + Double($0) / 64)) }
    func table() -> Matrix {
      var table = random.normalMatrix(rows: anchors, columns: width, mean: 0, deviation: 1)
      for row in 0..<anchors {
        for column in 0..<width { table[row, column] = 0.02 + spread[column] * table[row, column] }
      }
      return table
    }
    let (target, source) = (table().normalizingRows(), table())
    let mask: AnchorMask = maskTop > 0 ? .top(maskTop) : .all
    func code(_ relations: Int) -> RelativeCode {
      let prompts = random.normalMatrix(rows: vectors * relations, columns: width, deviation: 0.05)
      return RelativeCode([(prompt: prompts, anchors: source, weight: 1)], mask: mask)
    }
    let alone = code(1)
    let together = code(relations)
    let search = ExactSearch(ridge: ridge)
    let parallelism = Parallelism(threads: threads)
    func find(_ code: RelativeCode) {
      _ = search.fitted(target, mask: mask, parallelism).directions(code, parallelism: parallelism)
    }
    var (one, all): ([Double], [Double]) = ([], [])
    for _ in 0..<passes {
      one.append(elapsed { find(alone) })
      all.append(elapsed { find(together) })
    }
    return Result(
      oneSeconds: one.median, eachSeconds: all.median / Double(relations), threads: threads,
      relations: relations, peakMemoryBytes: peakMemoryBytes())
  }
}
