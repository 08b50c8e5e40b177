import LanguageModels
import Testing

@Suite struct RelativeBiasTests {
  struct Case: Sendable {
    let buckets, longest: Int
    let isTwoSided: Bool
    /// Where a new bucket begins, and which.
    let starts: [(distance: Int, bucket: Int)]
  }

  /// What `T5Attention._relative_position_bucket` of transformers 5.23.0 gives.
  static let cases = [
    Case(
      buckets: 32, longest: 128, isTwoSided: true,
      starts: [
        (-140, 15), (-90, 14), (-63, 13), (-45, 12), (-31, 11), (-22, 10), (-15, 9), (-11, 8), (-7, 7),
        (-6, 6), (-5, 5), (-4, 4), (-3, 3), (-2, 2), (-1, 1), (0, 0), (1, 17), (2, 18), (3, 19), (4, 20),
        (5, 21), (6, 22), (7, 23), (8, 24), (12, 25), (16, 26), (23, 27), (32, 28), (46, 29), (64, 30),
        (91, 31),
      ]),
    Case(
      buckets: 32, longest: 128, isTwoSided: false,
      starts: [
        (-140, 31), (-112, 30), (-98, 29), (-86, 28), (-76, 27), (-66, 26), (-58, 25), (-51, 24), (-45, 23),
        (-39, 22), (-34, 21), (-30, 20), (-26, 19), (-23, 18), (-20, 17), (-18, 16), (-15, 15), (-14, 14),
        (-13, 13), (-12, 12), (-11, 11), (-10, 10), (-9, 9), (-8, 8), (-7, 7), (-6, 6), (-5, 5), (-4, 4),
        (-3, 3), (-2, 2), (-1, 1), (0, 0),
      ]),
    Case(
      buckets: 12, longest: 20, isTwoSided: true,
      starts: [
        (-32, 5), (-10, 4), (-5, 3), (-2, 2), (-1, 1), (0, 0), (1, 7), (2, 8), (3, 9), (6, 10), (11, 11),
      ]),
  ]

  @Test(arguments: cases)
  func bucketsAreThoseOfTransformers(_ expected: Case) {
    let bias = RelativeBias(
      name: "bias", buckets: expected.buckets, longest: expected.longest, isTwoSided: expected.isTwoSided)
    var found: [(distance: Int, bucket: Int)] = []
    for distance in expected.starts[0].distance...expected.longest + 12 {
      let bucket = bias.bucket(distance)
      if found.last?.bucket != bucket { found.append((distance, bucket)) }
    }
    #expect(found.map(\.distance) == expected.starts.map(\.distance))
    #expect(found.map(\.bucket) == expected.starts.map(\.bucket))
    #expect(bias.rows.first == bias.bucket(-10_000) && bias.rows.last == bias.bucket(10_000))
  }
}
