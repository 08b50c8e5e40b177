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

  struct Result: Encodable {
    let anchors, width, vectors, relations, threads, maskTop: Int
    let oneSeconds, allSeconds, eachSeconds: Double
    let peakMemoryBytes: Int
  }

  func run() throws {
    var random = RandomStream(seed: 0, name: "bench.search")
    // A common part, as embeddings have one.
    let target = random.normalMatrix(rows: anchors, columns: width, mean: 0.02, deviation: 0.05)
      .normalizingRows()
    let source = random.normalMatrix(rows: anchors, columns: width, mean: 0.02, deviation: 0.05)
    let prompts = (0..<relations).map { _ in
      random.normalMatrix(rows: vectors, columns: width, deviation: 0.05)
    }
    let mask: AnchorMask = maskTop > 0 ? .top(maskTop) : .all
    let codes = prompts.map { RelativeCode([(prompt: $0, anchors: source, weight: 1)], mask: mask) }
    let search = ExactSearch(ridge: ridge)
    let parallelism = Parallelism(threads: threads)
    var one: [Double] = []
    for code in codes.prefix(3) {
      one.append(elapsed { _ = search.directions(code, unitAnchors: target, parallelism: parallelism) })
    }
    let all = elapsed { _ = search.directions(codes, unitAnchors: target, parallelism: parallelism) }
    try printJSON(
      Result(
        anchors: anchors, width: width, vectors: vectors, relations: relations, threads: threads,
        maskTop: maskTop, oneSeconds: one.min() ?? 0, allSeconds: all, eachSeconds: all / Double(relations),
        peakMemoryBytes: MachineRate.peakMemoryBytes))
  }
}
