import Foundation
import Tensors

/// What a model answers to one input among candidates, and where a labelled one stands.
public struct CandidateRank: Sendable, Equatable {
  /// The column of the best candidate, the first of equals.
  public let best: Int
  /// The labelled one's place, from 1; of equals those before it stand before it.
  public let rank: Int
  /// The natural logarithm of its probability among the candidates; no number where a score is none.
  public let logProbability: Float

  public init(best: Int, rank: Int, logProbability: Float) {
    (self.best, self.rank, self.logProbability) = (best, rank, logProbability)
  }

  /// Where a score is no number.
  static let none = CandidateRank(best: 0, rank: .max, logProbability: .nan)

  init(_ logits: UnsafeBufferPointer<Float>, label: Int) {
    let own = logits[label]
    var (best, rank, top) = (0, 1, -Float.infinity)
    for (column, value) in logits.enumerated() {
      guard value.isFinite else {
        self = .none
        return
      }
      if value > top { (best, top) = (column, value) }
      if value > own || (value == own && column < label) { rank += 1 }
    }
    let sum = logits.reduce(0.0) { $0 + exp(Double($1 - top)) }
    self.init(best: best, rank: rank, logProbability: own - top - Float(log(sum)))
  }
}

extension Network {
  public func ranks(
    _ inputs: ArraySlice<PromptedInput>, labels: ArraySlice<Int>, prompt: Matrix, candidates: CandidateHead,
    _ workspace: Workspace
  ) -> [CandidateRank] {
    let logits = logits(inputs, prompt: prompt, candidates: candidates, workspace)
    return labels.enumerated().map { row, label in CandidateRank(logits.row(row), label: label) }
  }
}
