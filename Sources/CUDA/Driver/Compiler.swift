import Foundation

/// NVRTC, which compiles the kernels for the device at hand.
package struct Compiler: Sendable {
  private typealias Status = Int32
  private typealias Program = OpaquePointer?

  package let path: String
  /// 12.9 for example.
  package let version: String
  private let create:
    @convention(c) (
      UnsafeMutablePointer<Program>, UnsafePointer<CChar>, UnsafePointer<CChar>?, Int32, UnsafeRawPointer?,
      UnsafeRawPointer?
    ) -> Status
  private let compile: @convention(c) (Program, Int32, UnsafePointer<UnsafePointer<CChar>?>) -> Status
  private let destroy: @convention(c) (UnsafeMutablePointer<Program>) -> Status
  private let logSize, binarySize: @convention(c) (Program, UnsafeMutablePointer<Int>) -> Status
  private let log, binary: @convention(c) (Program, UnsafeMutablePointer<CChar>) -> Status

  /// Opened once. Throws where it is not there.
  package static func opened() throws(DeviceError) -> Compiler { try result.get() }

  private static let result: Result<Compiler, DeviceError> = {
    do throws(DeviceError) { return .success(try Compiler()) } catch { return .failure(error) }
  }()

  private init() throws(DeviceError) {
    let library = try SharedLibrary(
      "NVRTC, which compiles the kernels (pip install nvidia-cuda-nvrtc-cu12)",
      names: SharedLibrary.names("libnvrtc.so", upTo: Driver.newestLibraries),
      folders: SharedLibrary.folders(ofWheel: "cuda_nvrtc", ProcessInfo.processInfo.environment))
    path = library.path
    create = try library.function("nvrtcCreateProgram")
    compile = try library.function("nvrtcCompileProgram")
    destroy = try library.function("nvrtcDestroyProgram")
    (logSize, log) = (
      try library.function("nvrtcGetProgramLogSize"), try library.function("nvrtcGetProgramLog")
    )
    (binarySize, binary) = (try library.function("nvrtcGetCUBINSize"), try library.function("nvrtcGetCUBIN"))
    let versions: @convention(c) (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> Status =
      try library.function("nvrtcVersion")
    var (major, minor): (Int32, Int32) = (0, 0)
    _ = versions(&major, &minor)
    version = "\(major).\(minor)"
  }

  /// The kernels as a module of that architecture, sm_90 for example.
  package func module(_ source: String, architecture: String, _ options: [String]) throws(DeviceError) -> Data
  {
    func check(_ status: Status, _ call: String, _ program: Program = nil) throws(DeviceError) {
      guard status != 0 else { return }
      var text = "error \(status)"
      var size = 0
      if program != nil, logSize(program, &size) == 0, size > 1 {
        var characters = [CChar](repeating: 0, count: size)
        if log(program, &characters) == 0 {
          text = String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
      }
      throw .failed(device: "NVRTC \(version)", call: "\(call) for \(architecture)", why: text)
    }
    var program: Program = nil
    try check(create(&program, source, "kernels.cu", 0, nil, nil), "nvrtcCreateProgram")
    defer { _ = destroy(&program) }
    let words = (["--gpu-architecture=\(architecture)"] + options).map { strdup($0) }
    defer { for word in words { free(word) } }
    try check(
      compile(program, Int32(words.count), words.map { UnsafePointer($0) }), "nvrtcCompileProgram", program)
    var size = 0
    try check(binarySize(program, &size), "nvrtcGetCUBINSize", program)
    var bytes = [CChar](repeating: 0, count: size)
    try check(binary(program, &bytes), "nvrtcGetCUBIN", program)
    return bytes.withUnsafeBytes { Data($0) }
  }
}
