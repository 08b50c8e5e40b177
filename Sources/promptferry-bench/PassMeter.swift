import Foundation
import Tensors

/// Times passes of the same work, with the machine's rate measured before and after each: others who use the machine slow
/// both.
struct PassMeter {
  /// Floating-point operations of a pass.
  let operations: Double
  private let machine: MachineRate
  private var rateBefore: Double
  private var buffersBefore = 0
  private var start = ContinuousClock.now
  private(set) var seconds: [Double] = []
  /// Operations a second over what the machine's product reaches.
  private(set) var shares: [Double] = []
  private(set) var machineRates: [Double] = []
  /// Matrices allocated in the last pass.
  private(set) var buffers = 0

  init(operations: Double, threads: Int, precision: Precision) {
    self.operations = operations
    machine = MachineRate(threads: threads, precision: precision)
    _ = machine.measure()
    rateBefore = machine.measure()
  }

  mutating func begin() {
    buffersBefore = Matrix.allocationCount
    start = .now
  }

  mutating func end() {
    let time = start.duration(to: .now) / .seconds(1)
    buffers = Matrix.allocationCount - buffersBefore
    let rate = machine.measure()
    seconds.append(time)
    machineRates.append((rate + rateBefore) / 2)
    shares.append(operations / time * 2 / (rate + rateBefore))
    rateBefore = rate
  }
}
