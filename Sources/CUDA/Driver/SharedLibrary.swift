import Foundation

/// A library of the system's, opened when it is first wanted: nothing of it is needed where this was built.
struct SharedLibrary: @unchecked Sendable {
  /// What opened it.
  let path: String
  private let handle: UnsafeMutableRawPointer

  /// The first of some names that opens: by itself, then in folders. Throws, with where was looked, where none does.
  init(_ what: String, names: [String], folders: [String]) throws(DeviceError) {
    var problem = ""
    for path in names + folders.flatMap({ folder in names.map { "\(folder)/\($0)" } }) {
      if path.contains("/"), access(path, R_OK) != 0 { continue }
      if let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) {
        (self.path, self.handle) = (path, handle)
        return
      }
      problem = dlerror().map { String(cString: $0) } ?? ""
    }
    throw .unavailable("\(what) is not there: \(problem)")
  }

  func function<Function>(_ name: String, as type: Function.Type = Function.self) throws(DeviceError)
    -> Function
  {
    guard let symbol = dlsym(handle, name) else { throw .unavailable("\(path) has no \(name)") }
    return unsafeBitCast(symbol, to: type)
  }
}

extension SharedLibrary {
  /// Of the releases of CUDA that a driver runs, the newest first.
  static func names(_ name: String, upTo newest: Int) -> [String] {
    [13, 12].filter { $0 <= newest }.map { "\(name).\($0)" } + [name]
  }

  /// Where CUDA's libraries are besides where the system looks: beside a toolkit, and in Python's wheels `nvidia-*`.
  /// - Parameter part: the wheel's name within `nvidia`
  static func folders(ofWheel part: String, _ environment: [String: String]) -> [String] {
    var toolkits = ["CUDA_HOME", "CUDA_PATH"].compactMap { environment[$0] }
    toolkits.append("/usr/local/cuda")
    var roots = ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { environment[$0] }
    // Beside each python3 that would be found, and where users' and Debian's packages go.
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      if access("\(folder)/python3", X_OK) == 0 { roots.append("\(folder)/..") }
    }
    roots += [environment["HOME"].map { "\($0)/.local" }, "/usr/local", "/usr"].compactMap { $0 }
    let sites = roots.flatMap { root in
      ["lib", "lib64"].flatMap { library in
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(library)")) ?? [])
          .filter { $0.hasPrefix("python3") }.sorted()
          .flatMap { version in
            ["site-packages", "dist-packages"].map { "\(root)/\(library)/\(version)/\($0)/nvidia" }
          }
      }
    }
    let wheels = sites.flatMap { site in [part, "cu13", "cu12"].map { "\(site)/\($0)/lib" } }
    return toolkits.flatMap { ["\($0)/lib64", "\($0)/lib"] } + wheels
  }
}
