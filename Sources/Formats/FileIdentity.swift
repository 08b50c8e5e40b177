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

  /// A place, which need not exist yet, and the folders that it lies in.
  package static func parents(of url: URL) -> Set<FileIdentity> {
    var place = url.resolvingSymlinksInPath().standardizedFileURL
    var found: Set<FileIdentity> = []
    while true {
      if let identity = FileIdentity(place) { found.insert(identity) }
      // In a folder that is gone a relative path has no first one, and its parents grow: "..", "../..".
      let length = place.path.utf8.count
      place.deleteLastPathComponent()
      guard place.path.utf8.count < length else { return found }
    }
  }
}
