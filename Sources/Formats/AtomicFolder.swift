import Foundation

/// Folders that appear whole or not at all: filled beside their place, then renamed.
package enum AtomicFolder {
  /// Throws unless `url` is free, or an empty folder, where a folder can be made.
  package static func requireWritable(_ url: URL) throws(FileError) {
    var status = stat()
    if stat(url.path, &status) == 0 {
      guard (try? FileManager.default.contentsOfDirectory(atPath: url.path))?.isEmpty == true else {
        throw FileError(
          file: url, "is there already and not an empty folder", hint: "Give the name of a new one")
      }
    }
    guard access(url.deletingLastPathComponent().path, W_OK) == 0 else {
      throw FileError(
        file: url, "cannot be created (\(systemMessage()))",
        hint: "Check that its parent folder exists and can be written")
    }
  }

  /// Makes the folder with what `fill` puts into the one it is given; what was begun is removed when it throws.
  package static func write(_ url: URL, fill: (URL) throws -> Void) throws {
    try requireWritable(url)
    let parent = url.standardizedFileURL.deletingLastPathComponent()
    let temporary = parent.appendingPathComponent(AtomicFile.temporaryName())
    Temporaries.add(temporary)
    defer { Temporaries.remove(temporary) }
    do {
      try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: false)
      try fill(temporary)
      guard rename(temporary.path, url.standardizedFileURL.path) == 0 else {
        throw FileError(
          file: url, "cannot be put in place (\(systemMessage()))", hint: "Check its permissions")
      }
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw error
    }
  }
}
