import CBLAS
import CUDA
import CUDAEmulation
import Foundation
import LanguageModels
import Synchronization
import Tensors

/// This processor as a device: the kernels of `Sources/CUDA` compiled for it, products by BLAS.
package final class EmulatedDevice: Device {
  package let name = "emulated device"
  private let limit: Int
  private let used: Mutex<[UInt64: Int]> = Mutex([:])
  private let fails = Atomic<Bool>(false)

  /// Whether its products are a little off.
  fileprivate let isBroken: Bool
  private let whenPrepared: @Sendable () -> Void

  /// - Parameters:
  ///   - limit: bytes that it has
  ///   - whenPrepared: called where a model is about to be loaded
  package init(
    limit: Int = .max / 2, isBroken: Bool = false, whenPrepared: @escaping @Sendable () -> Void = {}
  ) {
    (self.limit, self.isBroken, self.whenPrepared) = (limit, isBroken, whenPrepared)
  }

  /// Stands for the GPUs of this machine, for one test at a time.
  package static func standingIn<Value>(
    _ devices: [EmulatedDevice], _ body: () throws -> Value
  ) rethrows -> Value {
    try turn.withLock { _ in
      DeviceChoice.substitutes.withLock { $0 = devices }
      defer { DeviceChoice.substitutes.withLock { $0 = [] } }
      return try body()
    }
  }

  private static let turn = Mutex(())

  package var memory: (free: Int, total: Int) { (limit - used.withLock { $0.values.reduce(0, +) }, limit) }

  /// How many allocations there are.
  package var allocations: Int { used.withLock { $0.count } }

  package func allocate(_ bytes: Int) throws(DeviceError) -> UInt64 {
    let free = memory.free
    guard bytes <= free else { throw .outOfMemory(device: name, wanted: bytes, free: free) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 256)
    // What was never written shows.
    memset(memory, 0xff, bytes)
    let address = UInt64(UInt(bitPattern: memory))
    used.withLock { $0[address] = bytes }
    return address
  }

  package func free(_ address: UInt64) {
    let bytes = used.withLock { $0.removeValue(forKey: address) }
    precondition(bytes != nil, "freed what was not allocated")
    UnsafeMutableRawPointer(bitPattern: UInt(address))?.deallocate()
  }

  /// From here on no kernel runs.
  package func fail() { fails.store(true, ordering: .relaxed) }
  fileprivate var hasFailed: Bool { fails.load(ordering: .relaxed) }

  package func prepare(_ precision: Precision) { whenPrepared() }
  package func makeStream() -> any DeviceStream { EmulatedStream(self) }
}

/// Does at once what it is asked.
private final class EmulatedStream: DeviceStream {
  private let device: EmulatedDevice

  init(_ device: EmulatedDevice) { self.device = device }

  private func memory(_ address: UInt64) -> UnsafeMutableRawPointer {
    guard let memory = UnsafeMutableRawPointer(bitPattern: UInt(address)) else {
      preconditionFailure("nothing is kept at 0")
    }
    return memory
  }

  func upload(_ bytes: UnsafeRawBufferPointer, to address: UInt64) {
    if let source = bytes.baseAddress { memcpy(memory(address), source, bytes.count) }
  }

  func download(_ address: UInt64, to bytes: UnsafeMutableRawBufferPointer) {
    if let target = bytes.baseAddress { memcpy(target, memory(address), bytes.count) }
  }

  func wait() {}
  func clear(_ address: UInt64, bytes: Int) { memset(memory(address), 0, bytes) }
  func copy(_ source: UInt64, to target: UInt64, bytes: Int) { memcpy(memory(target), memory(source), bytes) }

  func launch(
    _ kernel: String, _ precision: Precision, blocks: Int, threads: Int, _ arguments: [KernelArgument]
  ) throws(DeviceError) {
    if device.hasFailed { throw .failed(device: device.name, call: kernel, why: "it was unplugged") }
    var words = arguments.map(\.word)
    let problem = words.withUnsafeMutableBytes { words -> String? in
      guard let first = words.baseAddress else { return "a kernel without arguments" }
      var places = arguments.indices.map { first + $0 * 8 }
      return cuda_emulation_launch(
        precision.number, kernel, UInt32(blocks), UInt32(threads), &places
      ).map { String(cString: $0) }
    }
    if let problem { throw .failed(device: device.name, call: kernel, why: problem) }
  }

  func multiply(_ product: DeviceProduct) throws(DeviceError) {
    guard product.rows > 0 else { return }
    let (rows, depth, width) = (product.rows, product.depth, product.width)
    let x = floats(product.x, rows: rows, columns: depth, stride: product.xStride, product.precision)
    let weight = floats(
      product.weight, rows: product.outputs, columns: product.inputs, stride: product.inputs,
      product.precision)
    var y = [Float](repeating: 0, count: rows * width)
    if product.addend != 0 {
      y = floats(
        product.addend, rows: rows, columns: width, stride: product.yStride,
        product.yIsFloat ? .f32 : product.precision)
    }
    // Row by row: BLAS sums in another order where there are more of them.
    for row in 0..<rows {
      x.withUnsafeBufferPointer { x in
        y.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let y = y.baseAddress else { return }
          BLAS.gemm(
            transposeA: false, transposeB: !product.isTransposed, m: 1, n: width, k: depth, alpha: 1,
            x + row * depth, lda: depth, weight, ldb: product.inputs, beta: 1, y + row * width, ldc: width)
        }
      }
    }
    let yPrecision = product.yIsFloat ? Precision.f32 : product.precision
    if product.bias != 0 {
      let bias = floats(product.bias, rows: 1, columns: width, stride: width, yPrecision)
      for row in 0..<rows { for column in 0..<width { y[row * width + column] += bias[column] } }
    }
    if device.isBroken { y[0] += 0.01 }
    let isFloat = yPrecision == .f32
    for row in 0..<rows {
      for column in 0..<width {
        let (value, place) = (y[row * width + column], row * product.yStride + column)
        if isFloat {
          memory(product.y).assumingMemoryBound(to: Float.self)[place] = value
        } else {
          memory(product.y).assumingMemoryBound(to: UInt16.self)[place] = yPrecision.narrow(value)
        }
      }
    }
  }

  private func floats(
    _ address: UInt64, rows: Int, columns: Int, stride: Int, _ precision: Precision
  ) -> [Float] {
    let (whole, half) = (
      memory(address).assumingMemoryBound(to: Float.self),
      memory(address).assumingMemoryBound(to: UInt16.self)
    )
    var values = [Float](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let place = row * stride + column
        values[row * columns + column] =
          precision == .f32 ? whole[place] : precision.wide(half[place])
      }
    }
    return values
  }
}

extension Precision {
  /// As the emulation counts them.
  fileprivate var number: Int32 {
    switch self {
    case .f32: 0
    case .bf16: 1
    case .f16: 2
    }
  }

  /// Of a number in 16 bits.
  fileprivate func wide(_ bits: UInt16) -> Float {
    self == .bf16 ? Float(bitPattern: UInt32(bits) << 16) : cuda_emulation_float_of_half(bits)
  }

  /// To nearest, ties to even.
  fileprivate func narrow(_ value: Float) -> UInt16 {
    if self == .f16 { return cuda_emulation_half_of_float(value) }
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16 | 0x40) }
    return UInt16(truncatingIfNeeded: (UInt64(bits) + 0x7fff + UInt64(bits >> 16 & 1)) >> 16)
  }
}
