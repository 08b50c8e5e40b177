import Tensors

/// What went wrong on a device.
public enum DeviceError: Error, Sendable, CustomStringConvertible {
  /// There is none that can be used, and why.
  case unavailable(String)
  /// - Parameters:
  ///   - wanted: bytes
  ///   - free: bytes
  case outOfMemory(device: String, wanted: Int, free: Int)
  /// A call that failed, and what the driver says.
  case failed(device: String, call: String, why: String)

  public var description: String {
    switch self {
    case .unavailable(let why): why
    case .outOfMemory(let device, let wanted, let free):
      "\(device) is out of memory: \(Self.megabytes(wanted)) more are wanted, \(Self.megabytes(free)) are free"
    case .failed(let device, let call, let why): "\(device): \(call) failed: \(why)"
    }
  }

  package static func megabytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MB" }
}

/// A device that runs kernels and products, and has memory of its own: a GPU, or in tests this processor.
package protocol Device: AnyObject, Sendable {
  /// As its maker calls it.
  var name: String { get }
  /// Bytes.
  var memory: (free: Int, total: Int) { get throws(DeviceError) }

  /// The address of so many bytes, aligned to 256.
  func allocate(_ bytes: Int) throws(DeviceError) -> UInt64
  func free(_ address: UInt64)

  /// Has the kernels ready, which else are made when the first of them is wanted.
  func prepare(_ precision: Precision) throws(DeviceError)
  func makeStream() throws(DeviceError) -> any DeviceStream
}

/// What a device does in order. Not for two threads at a time.
package protocol DeviceStream: AnyObject {
  /// The bytes may change once it returns.
  func upload(_ bytes: UnsafeRawBufferPointer, to address: UInt64) throws(DeviceError)
  /// Returns when all that was asked before is done.
  func download(_ address: UInt64, to bytes: UnsafeMutableRawBufferPointer) throws(DeviceError)
  func wait() throws(DeviceError)
  func clear(_ address: UInt64, bytes: Int) throws(DeviceError)
  func copy(_ source: UInt64, to target: UInt64, bytes: Int) throws(DeviceError)

  /// - Parameter precision: which of the two compilations of the kernels
  func launch(
    _ kernel: String, _ precision: Precision, blocks: Int, threads: Int, _ arguments: [KernelArgument]
  ) throws(DeviceError)
  func multiply(_ product: DeviceProduct) throws(DeviceError)
}

/// What a kernel is given.
package enum KernelArgument: Sendable {
  /// An address; 0 is null.
  case address(UInt64)
  case int(Int)
  case long(Int)
  case float(Float)
}

/// `y = x W^T + bias + addend`, or with a transposed weight `y = x W + addend`. Both operands are of the precision's type and are added
/// up in Float32. What becomes of a row of `x` is the same to the last bit whatever the other rows are.
package struct DeviceProduct: Sendable {
  package let precision: Precision
  /// Of `x` and `y`.
  package let rows: Int
  /// Of the weight as it is stored.
  package let outputs, inputs: Int
  package let x: UInt64
  package let xStride: Int
  package let weight: UInt64
  package let isTransposed: Bool
  package let y: UInt64
  package let yStride: Int
  /// Whether `y` is Float32, else it is of the precision's type.
  package let yIsFloat: Bool
  /// One number for each output, of the type of `y`; 0 for none.
  package let bias: UInt64
  /// Of the shape, the stride and the type of `y`, which it may be; 0 for none.
  package let addend: UInt64

  /// Columns of `x`, and of `y`.
  package var depth: Int { isTransposed ? outputs : inputs }
  package var width: Int { isTransposed ? inputs : outputs }
}

extension KernelArgument {
  /// Its bytes, the first ones of eight.
  package var word: UInt64 {
    switch self {
    case .address(let address): address
    case .int(let value): UInt64(UInt32(bitPattern: Int32(value)))
    case .long(let value): UInt64(bitPattern: Int64(value))
    case .float(let value): UInt64(value.bitPattern)
    }
  }
}
