import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct WideningTests {
  /// Every bit pattern there is, from an odd address.
  private func widened(_ kernel: (UnsafeRawPointer, UnsafeMutablePointer<Float>, Int) -> Void) -> [UInt32] {
    var bytes: [UInt8] = [0xFF]
    for pattern in UInt16.min...UInt16.max { bytes += [UInt8(pattern & 0xFF), UInt8(pattern >> 8)] }
    return filling(65536) { target in
      bytes.withUnsafeBytes { if let base = $0.baseAddress { kernel(base + 1, target, 65536) } }
    }.map(\.bitPattern)
  }

  #if !(os(macOS) && arch(x86_64))  // no Float16 there
    @Test(arguments: KernelSet.allCases)
    func float16(_ set: KernelSet) {
      let found = widened { set.table.widen_float16($0, $1, $2) }
      let wrong = (UInt16.min...UInt16.max).filter { pattern in
        let expected = Float(Float16(bitPattern: pattern))
        let actual = found[Int(pattern)]
        // A signalling NaN may come out quiet.
        return expected.isNaN
          ? actual | 0x40_0000 != expected.bitPattern | 0x40_0000 : actual != expected.bitPattern
      }
      #expect(wrong.isEmpty, "\(wrong.count) patterns, the first \(wrong.first ?? 0)")
    }
  #endif

  @Test(arguments: KernelSet.allCases)
  func bfloat16(_ set: KernelSet) {
    let found = widened { set.table.widen_bfloat16($0, $1, $2) }
    #expect(found == (0..<65536).map { UInt32($0) << 16 })
  }

  @Test(arguments: KernelSet.allCases, [0, 1, 3, 17])
  func nothingBeyondTheCount(_ set: KernelSet, _ count: Int) {
    let source = [UInt16](repeating: 0x3C00, count: 20)  // 1 as half precision
    var target = [Float](repeating: -1, count: 20)
    set.table.widen_float16(source, &target, count)
    #expect(target == (0..<20).map { $0 < count ? 1 : -1 })
  }
}

/// Blocks of quantised types: their values are compared with the Python package's through GGUF files; here every set of kernels
/// with the portable one, to the last bit.
@Suite struct BlockTests {
  @Test(arguments: KernelSet.allCases, [2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 23] as [CInt])
  func setsAgree(_ set: KernelSet, _ kind: CInt) throws {
    let portable = try #require(kernels_named("portable")).pointee
    let (length, size) = (quant_block_length(kind), quant_block_bytes(kind))
    var random = RandomStream(seed: 7, name: "blocks")
    let bytes = (0..<40 * size + 1).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    func expanded(_ table: Kernels) -> [Float] {
      filling(40 * length) { target in
        bytes.withUnsafeBytes {
          if let base = $0.baseAddress { table.expand_blocks(kind, base + 1, target, 40) }
        }
      }
    }
    let (found, expected) = (expanded(set.table), expanded(portable))
    #expect(zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) })
    #expect(Set(expected).count > length)
  }
}
