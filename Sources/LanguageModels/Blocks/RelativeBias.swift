import Foundation

/// What scores gain by how far a key is from its query, learned for ranges of distances (T5): a stored table (buckets, H).
package struct RelativeBias: Sendable {
  let name: String
  let buckets: Int
  /// From here on all distances share a bucket.
  let longest: Int
  /// Whether keys after the query have buckets of their own; else they share the query's.
  let isTwoSided: Bool

  package init(name: String, buckets: Int, longest: Int, isTwoSided: Bool) {
    (self.name, self.buckets) = (name, buckets)
    (self.longest, self.isTwoSided) = (longest, isTwoSided)
  }

  /// The bucket of a key's place less its query's: small distances have one each, larger ones share them by their logarithm, in single
  /// precision as `T5Attention._relative_position_bucket` of transformers.
  package func bucket(_ distance: Int) -> Int {
    let count = isTwoSided ? buckets / 2 : buckets
    let (side, length) = isTwoSided && distance > 0 ? (count, distance) : (0, max(0, -distance))
    let exact = count / 2
    if length < exact { return side + length }
    let growth = logf(Float(length) / Float(exact)) / Float(log(Double(longest) / Double(exact)))
    return side + min(count - 1, exact + Int(growth * Float(count - exact)))
  }

  /// The row of each distance from `-longest` to `longest`.
  package var rows: [Int] { (-longest...longest).map(bucket) }
}
