import Foundation
import Synchronization

/// The files and folders that are being written under temporary names, so that a process that ends early can remove them.
package enum Temporaries {
  private static let places = Mutex<Set<String>>([])

  static func add(_ url: URL) { places.withLock { _ = $0.insert(url.path) } }
  static func remove(_ url: URL) { places.withLock { _ = $0.remove(url.path) } }

  /// Removes what is not finished yet. For the end of the process: who still writes there then fails.
  package static func removeAll() {
    for place in places.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: place) }
  }
}
