import PromptTransfer
import Tensors
import TestSupport
import Testing

/// The kept anchors against sorting all of them.
@Suite struct AnchorMaskTests {
  private static let rows: [[Float]] = [
    Samples.normal(1000, "similarities"), (0..<50).map { Float($0 % 7) - 3 }, [0, -0.0, 0, -0.0, 0],
    (0..<64).map { Float($0) }, (0..<64).map { -Float($0) }, [2],
  ]

  @Test(arguments: rows)
  func theLargestAreKept(_ row: [Float]) {
    for count in [1, 2, 3, row.count / 2, row.count - 1] where count > 0 && count < row.count {
      for (mask, strength): (AnchorMask, (Float) -> Float) in [
        (.top(count), { $0 }), (.topAbsolute(count), { abs($0) }),
      ] {
        let order = row.indices.sorted { (strength(row[$0]), $1) > (strength(row[$1]), $0) }
        #expect(row.withUnsafeBufferPointer { mask.kept($0) } == order.prefix(count).sorted())
      }
    }
  }

  @Test func asManyAsThereAreIsAll() {
    let row: [Float] = [1, 3, 2]
    #expect(row.withUnsafeBufferPointer { AnchorMask.top(3).kept($0) } == nil)
    #expect(row.withUnsafeBufferPointer { AnchorMask.all.kept($0) } == nil)
    #expect(row.withUnsafeBufferPointer { AnchorMask.top(0).kept($0) } == [])
  }
}
