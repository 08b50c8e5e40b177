import Checkpoints
import Formats
import Foundation
import Tensors

/// Where tests find their files. All paths follow from this file's place in the repository.
package enum Fixtures {
  /// The repository.
  package static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// `Tests/Fixtures`.
  package static let folder = repository.appending(path: "Tests/Fixtures")

  /// The tiny checkpoints with their goldens.
  package static func model(_ name: String) -> URL { folder.appending(path: "models/\(name)") }

  /// Large optional files that no repository holds: `PROMPTFERRY_SHARED`, else `shared` beside the repository.
  package static var shared: URL {
    if let path = ProcessInfo.processInfo.environment["PROMPTFERRY_SHARED"] { return URL(filePath: path) }
    return repository.deletingLastPathComponent().appending(path: "shared")
  }

  /// The names of the folders in a folder, sorted; none when it does not exist.
  package static func folders(in url: URL) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.filter { exists(url.appending(path: $0), isFolder: true) }.sorted()
  }

  package static func exists(_ url: URL, isFolder: Bool = false) -> Bool {
    var found: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &found)
      && found.boolValue == isFolder
  }

  package static func json(_ url: URL) throws -> JSON { try JSON(contentsOf: url) }
}

/// Tensors that a golden script wrote.
package struct GoldenTensors: Sendable {
  private let file: SafetensorsFile

  package init(_ url: URL) throws { file = try SafetensorsFile(url) }

  package var names: [String] { file.header.entries.map(\.name).sorted() }

  package func shape(_ name: String) -> [Int]? { file.entry(name)?.shape }

  /// All sizes but the last become rows; a vector is one row. Nil when the file does not hold the tensor.
  package func matrix(_ name: String) throws -> Matrix? {
    guard let entry = file.entry(name) else { return nil }
    let columns = entry.shape.last ?? 1
    return try file.matrix(entry, rows: entry.shape.dropLast().reduce(1, *), columns: columns)
  }
}
