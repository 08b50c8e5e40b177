import Formats
import Foundation
import Tensors

/// The kernels as modules, compiled once for a device and kept as files that are named by what they were made of.
package enum KernelModules {
  /// CUDA C++, as NVRTC takes it.
  package static let source = String(decoding: PackageResources.kernels_cu, as: UTF8.self)

  package static func options(_ precision: Precision) -> [String] {
    switch precision {
    case .f32: []
    case .bf16: ["--define-macro=BFLOAT16"]
    case .f16: ["--define-macro=FLOAT16"]
    }
  }

  /// - Parameter architecture: sm_90 for example
  static func module(
    _ precision: Precision, architecture: String, _ compiler: Compiler
  ) throws(DeviceError) -> Data {
    let file = file(precision, architecture, compiler)
    // What a write that was stopped leaves has another name; what was damaged since the driver refuses.
    if let file, let known = try? Data(contentsOf: file), known.starts(with: Self.mark) { return known }
    let module = try compiler.module(source, architecture: architecture, options(precision))
    if let file {
      try? FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try? AtomicFile.write(module, to: file)
    }
    return module
  }

  /// Of what no driver takes.
  static func forget(_ precision: Precision, architecture: String, _ compiler: Compiler) {
    guard let file = file(precision, architecture, compiler) else { return }
    try? FileManager.default.removeItem(at: file)
  }

  private static func file(_ precision: Precision, _ architecture: String, _ compiler: Compiler) -> URL? {
    let made = ([compiler.version, architecture] + options(precision) + [source]).joined(separator: "\n")
    return folder?.appending(path: "\(SecureHash.sha256(Data(made.utf8))).cubin")
  }

  /// An ELF file's first bytes.
  private static let mark = Data([0x7f, 0x45, 0x4c, 0x46])

  private static var folder: URL? {
    let environment = ProcessInfo.processInfo.environment
    let cache =
      environment["XDG_CACHE_HOME"].map { URL(filePath: $0) }
      ?? environment["HOME"].map { URL(filePath: $0).appending(path: ".cache") }
    return cache?.appending(path: "promptferry/kernels")
  }
}
