import Tensors

/// A method with a ridge: what is summed over the anchors serves every ridge, so that trying several costs little more than one.
protocol RidgeMethod: TransferMethod {
  associatedtype Sums
  var ridge: Double { get set }
  func sums(_ words: SharedVocabulary, _ context: FitContext) -> Sums
  func fit(_ sums: consuming Sums, _ words: SharedVocabulary, _ context: FitContext) -> any FittedMethod
}

extension RidgeMethod {
  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    fit(sums(words, context), words, context)
  }

  public func fitCandidates(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> [Candidate] {
    let sums = sums(words, context)
    return RidgeGrid.ridges.map { ridge in
      var method = self
      method.ridge = ridge
      return Candidate(
        method: method, fitted: method.fit(sums, words, context), setting: ["ridge": "\(ridge)"])
    }
  }
}

/// The ridges that a method with one is tried with.
public enum RidgeGrid {
  public static let ridges = [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]
}
