import Foundation

/// Which file or folder it is, whatever path leads there: links are followed, and hard links are the same file.
package struct FileIdentity: Hashable, Sendable {
  private let device, number: UInt64

  /// Nil where nothing is there.
  package init?(_ url: URL) {
    var status = stat()
    guard stat(url.path, &status) == 0 else { return nil }
    (device, number) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino))
  }

  /// Whether a place, which need not exist yet, is this folder or lies somewhere below it.
  package func holds(_ url: URL) -> Bool {
    var place = url.resolvingSymlinksInPath().standardizedFileURL
    while true {
      if FileIdentity(place) == self { return true }
      guard place.path != "/", !place.path.isEmpty else { return false }
      place.deleteLastPathComponent()
    }
  }
}
