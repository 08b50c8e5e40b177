import Foundation

/// A folder of its own for one test, removed with all it holds when the object goes.
package final class TemporaryFolder: Sendable {
  package let url: URL

  package init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "promptferry-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  @discardableResult
  package func write(_ data: Data, to name: String) throws -> URL {
    let target = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: target)
    return target
  }

  @discardableResult
  package func write(_ text: String, to name: String) throws -> URL { try write(Data(text.utf8), to: name) }

  /// Copies a file or a folder into this one and returns the copy.
  package func copy(_ source: URL, as name: String? = nil) throws -> URL {
    let target = url.appending(path: name ?? source.lastPathComponent)
    try FileManager.default.copyItem(at: source, to: target)
    return target
  }

  /// The names of all that a folder holds, hidden files included, sorted.
  package static func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// The names of all that the folder holds, hidden files included, sorted.
  package var contents: [String] {
    get throws { try Self.names(url) }
  }
}
