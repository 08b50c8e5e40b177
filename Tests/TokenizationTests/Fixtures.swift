import Foundation

/// The golden files beside the tests, all written by scripts/goldens/tokenizers.py.
enum Fixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  static func read<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// The data that is shared beside the repository and not part of it: `PROMPTFERRY_SHARED`, or a folder `shared`
  /// with `lama` in it, beside a folder that this file is in.
  static let shared: URL? = {
    if let path = ProcessInfo.processInfo.environment["PROMPTFERRY_SHARED"] {
      return URL(fileURLWithPath: path)
    }
    var folder = URL(fileURLWithPath: #filePath)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let shared = folder.appendingPathComponent("shared")
      if FileManager.default.fileExists(atPath: shared.appendingPathComponent("lama").path) { return shared }
    }
    return nil
  }()

  /// Calls the body with a new folder that holds these files, and removes it.
  static func withFolder<T>(_ files: [String: Data], _ body: (URL) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, data) in files { try data.write(to: folder.appendingPathComponent(name)) }
    return try body(folder)
  }
}
