import Foundation
import Tensors

/// What all rounds gave.
struct Comparison: Codable {
  var cases: [Entry]
  var search: Search

  struct Entry: Codable {
    let work: Case
    private(set) var ours: [MeasureModel.Result] = []
    /// Facts a second, by PyTorch's style, and llama.cpp's.
    private(set) var theirs: [String: [Double]] = [:]

    init(_ work: Case) { self.work = work }

    mutating func add(_ result: MeasureModel.Result) { ours.append(result) }

    mutating func add(_ result: Peer.Result, _ name: String) throws {
      guard let own = ours.last, (own.facts, own.tokens) == (result.facts, result.tokens) else {
        throw BenchError(
          "\(work): \(name) took \(result.facts) facts of \(result.tokens) tokens, which is other work")
      }
      theirs[name, default: []].append(result.perSecond)
    }

    /// Ours over theirs, round by round.
    func ratios(_ name: String) -> [Double] {
      zip(ours, theirs[name] ?? []).map { $0.perSecond / $1 }
    }

    func median(_ value: (MeasureModel.Result) -> Double) -> Double { ours.map(value).median }
  }

  struct Search: Codable {
    var ours: [MeasureSearch.Result] = []
    /// 2,000 steps in PyTorch.
    var adamSeconds: [Double] = []

    func ratios(_ seconds: (MeasureSearch.Result) -> Double) -> [Double] {
      zip(ours, adamSeconds).map { $1 / seconds($0) }
    }
  }

  /// Many threads against one, round by round.
  func scaling(of entry: Entry) -> [Double] { ratios(entry, threads: 1, precision: entry.work.precision) }

  /// Other precisions against Float32, round by round.
  func precisionGain(of entry: Entry) -> [Double] {
    ratios(entry, threads: entry.work.threads, precision: .f32)
  }

  private func ratios(_ entry: Entry, threads: Int, precision: Precision) -> [Double] {
    let other = cases.first {
      ($0.work.shape, $0.work.work, $0.work.threads) == (entry.work.shape, entry.work.work, threads)
        && $0.work.precision == precision
    }
    return zip(entry.ours, other?.ours ?? []).map { $0.perSecond / $1.perSecond }
  }
}
