import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// Published maps that are one and the same: each by its paper's definition (scripts/goldens/pipeline.py) against our method.
/// docs/maps.md states what is tested here.
@Suite struct PublishedMapsTests {
  struct Identity: CustomTestStringConvertible {
    /// The golden's name.
    let published: String
    let method: any TransferMethod
    /// Another setting, by which they differ.
    let other: any TransferMethod
    var rule = NormalizationRule.none
    /// Whether only directions are the same.
    var upToLength = false

    var testDescription: String { "\(published), \(method.name)" }
  }

  static let identities = [
    Identity(published: "published.v2v-lin", method: LinearMap(ridge: 0), other: LinearMap(ridge: 0.1)),
    Identity(
      published: "published.lin-comb", method: LinearMap(ridge: 0), other: LinearMap(ridge: 0, centred: true)),
    Identity(
      published: "published.lin-comb", method: Neighbours(41, weights: .leastSquares),
      other: Neighbours(7, weights: .leastSquares)),
    Identity(
      published: "published.whitened-relative", method: LinearMap(ridge: 0, centred: true),
      other: LinearMap(ridge: 0)),
    Identity(
      published: "published.whitened-relative", method: Neighbours(41, weights: .barycentric),
      other: Neighbours(41, weights: .leastSquares)),
    Identity(
      published: "published.inverse-relative", method: RelativeSearch(.exact(ridge: 0), mask: .all),
      other: RelativeSearch(.exact(ridge: 0.1), mask: .all), upToLength: true),
    Identity(
      published: "published.correlations", method: CanonicalMap(ridge: 0, shrinkage: 0),
      other: CanonicalMap(ridge: 0.1, shrinkage: 0)),
    Identity(
      published: "linear.none", method: CanonicalMap(ridge: 0.3, shrinkage: 1),
      other: CanonicalMap(ridge: 0.3, shrinkage: 0.9)),
    Identity(
      published: "procrustes.none", method: CanonicalMap(ridge: 1e7, shrinkage: 0),
      other: CanonicalMap(ridge: 0, shrinkage: 0), upToLength: true),
    Identity(
      published: "centred-procrustes.deviation",
      method: CanonicalMap(ridge: 1e7, shrinkage: 0, centred: true),
      other: CanonicalMap(ridge: 0, shrinkage: 0, centred: true), rule: .deviation),
  ]

  @Test(arguments: identities) func theyAreTheSame(_ identity: Identity) throws {
    let pipeline = try Pipeline()
    let wanted = try pipeline.transfer(identity.published)
    func carried(_ method: any TransferMethod) throws -> Matrix {
      let found = try pipeline.carry(method, identity.rule)
      return identity.upToLength ? found.normalizingRows() : found
    }
    expectRows(
      try carried(identity.method), identity.upToLength ? wanted.normalizingRows() : wanted, relative: 2e-5,
      identity.published)
    let other = try carried(identity.other)
    #expect((0..<3).contains { cosine(other, wanted, row: $0) < 0.9999 }, "\(identity.other) is no other map")
  }
}
