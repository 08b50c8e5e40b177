import Foundation

/// What all rounds gave.
struct Comparison: Codable {
  var cases: [Entry]
  var search: Search

  struct Entry: Codable {
    let work: Case
    private(set) var ours: [MeasureModel.Result] = []
    /// Facts a second, by style.
    private(set) var theirs: [String: [Double]] = [:]

    init(_ work: Case) { self.work = work }

    mutating func add(_ result: MeasureModel.Result) { ours.append(result) }

    mutating func add(_ result: Peer.Result, _ style: Peer.Style) throws {
      guard let own = ours.last, (own.facts, own.tokens) == (result.facts, result.tokens) else {
        throw BenchError(
          "\(work): PyTorch took \(result.facts) facts of \(result.tokens) tokens, which is other work")
      }
      theirs[style.rawValue, default: []].append(result.perSecond)
    }

    /// Ours over theirs, round by round.
    func ratios(_ style: Peer.Style) -> [Double] {
      zip(ours, theirs[style.rawValue] ?? []).map { $0.perSecond / $1 }
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
  func scaling(of entry: Entry) -> [Double] {
    let single = cases.first {
      $0.work.shape == entry.work.shape && $0.work.work == entry.work.work && $0.work.threads == 1
    }
    return zip(entry.ours, single?.ours ?? []).map { $0.perSecond / $1.perSecond }
  }
}
