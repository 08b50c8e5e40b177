import Foundation

/// The calls of CUDA's driver that are used, as `cuda.h` has them.
struct Driver: Sendable {
  typealias Status = Int32
  typealias Handle = OpaquePointer?

  let path: String
  let initialize: @convention(c) (UInt32) -> Status
  let version: @convention(c) (UnsafeMutablePointer<Int32>) -> Status
  let errorString: @convention(c) (Status, UnsafeMutablePointer<UnsafePointer<CChar>?>) -> Status
  let deviceCount: @convention(c) (UnsafeMutablePointer<Int32>) -> Status
  let device: @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Status
  let deviceName: @convention(c) (UnsafeMutablePointer<CChar>, Int32, Int32) -> Status
  let deviceAttribute: @convention(c) (UnsafeMutablePointer<Int32>, Int32, Int32) -> Status
  let retainContext: @convention(c) (UnsafeMutablePointer<Handle>, Int32) -> Status
  let setContext: @convention(c) (Handle) -> Status
  let waitForContext: @convention(c) () -> Status
  let memoryInfo: @convention(c) (UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>) -> Status
  let allocate: @convention(c) (UnsafeMutablePointer<UInt64>, Int) -> Status
  let free: @convention(c) (UInt64) -> Status
  let makeStream: @convention(c) (UnsafeMutablePointer<Handle>, UInt32) -> Status
  let destroyStream: @convention(c) (Handle) -> Status
  let waitForStream: @convention(c) (Handle) -> Status
  let copyToDevice: @convention(c) (UInt64, UnsafeRawPointer, Int, Handle) -> Status
  let copyToHost: @convention(c) (UnsafeMutableRawPointer, UInt64, Int, Handle) -> Status
  let copyOnDevice: @convention(c) (UInt64, UInt64, Int, Handle) -> Status
  let fill: @convention(c) (UInt64, UInt8, Int, Handle) -> Status
  let loadModule: @convention(c) (UnsafeMutablePointer<Handle>, UnsafeRawPointer) -> Status
  let moduleFunction: @convention(c) (UnsafeMutablePointer<Handle>, Handle, UnsafePointer<CChar>) -> Status
  let launch:
    @convention(c) (
      Handle, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle,
      UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Status

  static let outOfMemory: Status = 2
  static let computeCapability: (major: Int32, minor: Int32) = (75, 76)
  static let nonBlockingStream: UInt32 = 1

  /// The driver of this machine, opened once. Throws where there is none, or no device.
  static func opened() throws(DeviceError) -> Driver { try result.get() }

  private static let result: Result<Driver, DeviceError> = {
    do throws(DeviceError) { return .success(try Driver()) } catch { return .failure(error) }
  }()

  private init() throws(DeviceError) {
    let library = try SharedLibrary(
      "NVIDIA's driver", names: ["libcuda.so.1"], folders: ["/usr/local/nvidia/lib64"])
    path = library.path
    initialize = try library.function("cuInit")
    version = try library.function("cuDriverGetVersion")
    errorString = try library.function("cuGetErrorString")
    deviceCount = try library.function("cuDeviceGetCount")
    device = try library.function("cuDeviceGet")
    deviceName = try library.function("cuDeviceGetName")
    deviceAttribute = try library.function("cuDeviceGetAttribute")
    retainContext = try library.function("cuDevicePrimaryCtxRetain")
    setContext = try library.function("cuCtxSetCurrent")
    waitForContext = try library.function("cuCtxSynchronize")
    memoryInfo = try library.function("cuMemGetInfo_v2")
    allocate = try library.function("cuMemAlloc_v2")
    free = try library.function("cuMemFree_v2")
    makeStream = try library.function("cuStreamCreate")
    destroyStream = try library.function("cuStreamDestroy_v2")
    waitForStream = try library.function("cuStreamSynchronize")
    copyToDevice = try library.function("cuMemcpyHtoDAsync_v2")
    copyToHost = try library.function("cuMemcpyDtoHAsync_v2")
    copyOnDevice = try library.function("cuMemcpyDtoDAsync_v2")
    fill = try library.function("cuMemsetD8Async")
    loadModule = try library.function("cuModuleLoadData")
    moduleFunction = try library.function("cuModuleGetFunction")
    launch = try library.function("cuLaunchKernel")
    try check(initialize(0), "cuInit", "the driver")
  }

  /// Of CUDA, whose libraries this driver runs: 13 for example.
  static var newestLibraries: Int {
    guard let driver = try? opened() else { return .max }
    var number: Int32 = 0
    return driver.version(&number) == 0 ? Int(number) / 1000 : .max
  }

  func check(_ status: Status, _ call: String, _ device: String) throws(DeviceError) {
    guard status != 0 else { return }
    var text: UnsafePointer<CChar>?
    _ = errorString(status, &text)
    throw .failed(device: device, call: call, why: text.map { String(cString: $0) } ?? "error \(status)")
  }
}
