import Foundation
import Synchronization
import Tensors

/// A GPU of this machine, by CUDA's driver, NVRTC and cuBLASLt, which are opened when it is.
package final class GPU: Device, @unchecked Sendable {
  package let name: String
  /// sm_90 for example.
  package let architecture: String
  fileprivate let driver: Driver
  fileprivate let context: OpaquePointer?
  fileprivate let products: Products
  private let compiler: Compiler
  private let modules: Mutex<Modules> = Mutex(Modules())

  private struct Modules: @unchecked Sendable {
    var loaded: [Precision: OpaquePointer?] = [:]
    var functions: [Precision: [String: OpaquePointer?]] = [:]
  }

  /// How many there are, of those that `CUDA_VISIBLE_DEVICES` lets this process see. Throws where no driver is.
  package static func count() throws(DeviceError) -> Int {
    let driver = try Driver.opened()
    var count: Int32 = 0
    try driver.check(driver.deviceCount(&count), "cuDeviceGetCount", "the driver")
    return Int(count)
  }

  /// The GPU of that number, opened once. Throws where it, or a library that it needs, is not there.
  package static func opened(_ index: Int) throws(DeviceError) -> GPU {
    let result: Result<GPU, DeviceError> = known.withLock { known in
      if let gpu = known[index] { return .success(gpu) }
      do throws(DeviceError) {
        let gpu = try GPU(index)
        known[index] = gpu
        return .success(gpu)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private static let known: Mutex<[Int: GPU]> = Mutex([:])

  private init(_ index: Int) throws(DeviceError) {
    driver = try Driver.opened()
    let count = try Self.count()
    guard index >= 0, index < count else {
      throw .unavailable(
        count == 0 ? "there is no GPU" : "there is no GPU \(index): the last one is \(count - 1)")
    }
    var device: Int32 = 0
    try driver.check(driver.device(&device, Int32(index)), "cuDeviceGet", "GPU \(index)")
    var text = [CChar](repeating: 0, count: 256)
    try driver.check(driver.deviceName(&text, 256, device), "cuDeviceGetName", "GPU \(index)")
    name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var (major, minor): (Int32, Int32) = (0, 0)
    try driver.check(
      driver.deviceAttribute(&major, Driver.computeCapability.major, device), "cuDeviceGetAttribute", name)
    try driver.check(
      driver.deviceAttribute(&minor, Driver.computeCapability.minor, device), "cuDeviceGetAttribute", name)
    guard major >= 8 else {
      throw .unavailable(
        "\(name) is too old: its compute capability is \(major).\(minor), and BFloat16 begins with 8.0")
    }
    architecture = "sm_\(major)\(minor)"
    var context: OpaquePointer?
    try driver.check(driver.retainContext(&context, device), "cuDevicePrimaryCtxRetain", name)
    self.context = context
    try driver.check(driver.setContext(context), "cuCtxSetCurrent", name)
    compiler = try Compiler.opened()
    products = try Products(device: name)
  }

  /// What makes up the device, for `--version`.
  package var description: String {
    "\(name) (\(architecture)), NVRTC \(compiler.version) in \(compiler.path), cuBLASLt in \(products.path)"
  }

  package var memory: (free: Int, total: Int) {
    get throws(DeviceError) {
      try enter()
      var (free, total) = (0, 0)
      try driver.check(driver.memoryInfo(&free, &total), "cuMemGetInfo", name)
      return (free, total)
    }
  }

  /// Makes it the device of the calling thread.
  fileprivate func enter() throws(DeviceError) {
    try driver.check(driver.setContext(context), "cuCtxSetCurrent", name)
  }

  package func allocate(_ bytes: Int) throws(DeviceError) -> UInt64 {
    try enter()
    var address: UInt64 = 0
    let status = driver.allocate(&address, bytes)
    if status == Driver.outOfMemory {
      throw .outOfMemory(device: name, wanted: bytes, free: try memory.free)
    }
    try driver.check(status, "cuMemAlloc", name)
    return address
  }

  package func free(_ address: UInt64) {
    guard (try? enter()) != nil else { return }
    // Something may still be at work with it; `cuMemFree` does not always wait.
    _ = driver.waitForContext()
    _ = driver.free(address)
  }

  package func prepare(_ precision: Precision) throws(DeviceError) {
    try enter()
    _ = try function("round_floats", precision)
  }

  package func makeStream() throws(DeviceError) -> any DeviceStream { try GPUStream(self) }

  fileprivate func function(_ kernel: String, _ precision: Precision) throws(DeviceError) -> OpaquePointer? {
    let result: Result<OpaquePointer?, DeviceError> = modules.withLock { modules in
      if let known = modules.functions[precision]?[kernel] { return .success(known) }
      do throws(DeviceError) {
        if modules.loaded[precision] == nil { modules.loaded[precision] = try load(precision) }
        var function: OpaquePointer?
        try driver.check(
          driver.moduleFunction(&function, modules.loaded[precision] ?? nil, kernel),
          "cuModuleGetFunction \(kernel)", name)
        modules.functions[precision, default: [:]][kernel] = function
        return .success(function)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Compiled anew where what was kept is damaged.
  private func load(_ precision: Precision) throws(DeviceError) -> OpaquePointer? {
    for isLastTry in [false, true] {
      let image = try KernelModules.module(precision, architecture: architecture, compiler)
      var module: OpaquePointer?
      let status = image.withUnsafeBytes { image in
        image.baseAddress.map { driver.loadModule(&module, $0) } ?? -1
      }
      if status == 0 { return module }
      if isLastTry { try driver.check(status, "cuModuleLoadData", name) }
      KernelModules.forget(precision, architecture: architecture, compiler)
    }
    return nil
  }
}

private final class GPUStream: DeviceStream {
  private let gpu: GPU
  private let stream: OpaquePointer?
  private let workspace: UInt64
  private var driver: Driver { gpu.driver }

  init(_ gpu: GPU) throws(DeviceError) {
    self.gpu = gpu
    try gpu.enter()
    var stream: OpaquePointer?
    try gpu.driver.check(
      gpu.driver.makeStream(&stream, Driver.nonBlockingStream), "cuStreamCreate", gpu.name)
    self.stream = stream
    do { workspace = try gpu.allocate(Products.workspaceSize) } catch {
      _ = gpu.driver.destroyStream(stream)
      throw error
    }
  }

  deinit {
    guard (try? gpu.enter()) != nil else { return }
    _ = driver.waitForStream(stream)
    gpu.free(workspace)
    _ = driver.destroyStream(stream)
  }

  func upload(_ bytes: UnsafeRawBufferPointer, to address: UInt64) throws(DeviceError) {
    guard let source = bytes.baseAddress else { return }
    try gpu.enter()
    try driver.check(driver.copyToDevice(address, source, bytes.count, stream), "cuMemcpyHtoDAsync", gpu.name)
    // The bytes may change once this returns.
    try wait()
  }

  func download(_ address: UInt64, to bytes: UnsafeMutableRawBufferPointer) throws(DeviceError) {
    guard let target = bytes.baseAddress else { return }
    try gpu.enter()
    try driver.check(driver.copyToHost(target, address, bytes.count, stream), "cuMemcpyDtoHAsync", gpu.name)
    try wait()
  }

  func wait() throws(DeviceError) {
    try gpu.enter()
    try driver.check(driver.waitForStream(stream), "cuStreamSynchronize", gpu.name)
  }

  func clear(_ address: UInt64, bytes: Int) throws(DeviceError) {
    guard bytes > 0 else { return }
    try gpu.enter()
    try driver.check(driver.fill(address, 0, bytes, stream), "cuMemsetD8Async", gpu.name)
  }

  func copy(_ source: UInt64, to target: UInt64, bytes: Int) throws(DeviceError) {
    guard bytes > 0 else { return }
    try gpu.enter()
    try driver.check(driver.copyOnDevice(target, source, bytes, stream), "cuMemcpyDtoDAsync", gpu.name)
  }

  func launch(
    _ kernel: String, _ precision: Precision, blocks: Int, threads: Int, _ arguments: [KernelArgument]
  ) throws(DeviceError) {
    try gpu.enter()
    let function = try gpu.function(kernel, precision)
    var words = arguments.map(\.word)
    let status = words.withUnsafeMutableBytes { words in
      var places = arguments.indices.map { index in words.baseAddress.map { $0 + index * 8 } }
      return driver.launch(
        function, UInt32(blocks), 1, 1, UInt32(threads), 1, 1, 0, stream, &places, nil)
    }
    try driver.check(status, kernel, gpu.name)
  }

  func multiply(_ product: DeviceProduct) throws(DeviceError) {
    try gpu.enter()
    try gpu.products.multiply(product, stream: stream, workspace: workspace)
  }
}
