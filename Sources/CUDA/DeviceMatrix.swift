import Tensors

/// A row-major matrix in a device's memory, which keeps its memory from one batch to the next.
/// Sent between threads it must not be written: weights, and all of a workspace, which has one worker at a time.
package final class DeviceMatrix: @unchecked Sendable {
  package enum Element: Sendable {
    case float
    /// What operands of products are in.
    case operand(Precision)

    package var size: Int {
      switch self {
      case .float, .operand(.f32): 4
      case .operand(.bf16), .operand(.f16): 2
      }
    }

    package var isFloat: Bool { size == 4 }
  }

  package let device: any Device
  package let element: Element
  package private(set) var rows = 0
  package private(set) var columns = 0
  /// 0 as long as nothing was kept in it.
  package private(set) var address: UInt64 = 0
  private var capacity = 0

  package init(_ device: any Device, _ element: Element) { (self.device, self.element) = (device, element) }

  deinit { if address != 0 { device.free(address) } }

  package var count: Int { rows * columns }
  package var bytes: Int { count * element.size }

  /// What it held may be lost.
  package func resize(rows: Int, columns: Int) throws(DeviceError) {
    precondition(rows >= 0 && columns >= 0)
    (self.rows, self.columns) = (rows, columns)
    let wanted = bytes
    guard wanted > capacity || address == 0 else { return }
    // Some more where it grows, since the next batch may be a little larger.
    let size = max(256, capacity == 0 ? wanted : wanted + wanted / 4)
    if address != 0 { device.free(address) }
    (address, capacity) = (0, 0)
    do { (address, capacity) = (try device.allocate(size), size) } catch {
      guard size > wanted else { throw error }
      (address, capacity) = (try device.allocate(wanted), wanted)
    }
  }

  /// Rows side by side with those of others, or all of it.
  package struct View {
    package let address: UInt64
    /// In elements.
    package let stride: Int
  }

  package func view(column: Int = 0) -> View {
    View(address: address + UInt64(column * element.size), stride: columns)
  }

  /// The address of a row.
  package func address(row: Int) -> UInt64 { address + UInt64(row * columns * element.size) }
}

/// Integers that a batch's kernels read, sent to the device at once.
package final class DeviceIndices {
  /// Some of them.
  package struct Part: Sendable {
    fileprivate let first: Int
    package let count: Int
  }

  private var values: [Int32] = []
  private let memory: DeviceMatrix

  package init(_ device: any Device) { memory = DeviceMatrix(device, .float) }

  package func removeAll() { values.removeAll(keepingCapacity: true) }

  package func add(_ integers: some Sequence<Int>) -> Part {
    let first = values.count
    for integer in integers { values.append(Int32(integer)) }
    return Part(first: first, count: values.count - first)
  }

  package func send(_ stream: any DeviceStream) throws(DeviceError) {
    try memory.resize(rows: 1, columns: max(1, values.count))
    try values.withUnsafeBufferPointer { (values) throws(DeviceError) in
      if !values.isEmpty { try stream.upload(UnsafeRawBufferPointer(values), to: memory.address) }
    }
  }

  /// Where some of them are, after they were sent.
  package func address(_ part: Part?) -> UInt64 { part.map { memory.address + UInt64($0.first * 4) } ?? 0 }
}
