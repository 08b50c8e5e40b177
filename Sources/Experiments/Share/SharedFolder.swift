import Formats
import Foundation
import Synchronization

/// Shared files in a folder of a file system.
///
/// A claim is made with `link(2)`, which makes a name for a whole file or fails, on network file systems as well, and writes
/// nothing. Where there are no hard links it is made with an exclusive `open(2)`.
package final class SharedFolder: SharedFiles {
  private let folder: String
  /// What claims are links to: a file with their content.
  private let card: Mutex<(name: String, content: Data)?>

  package init(_ folder: URL) {
    self.folder = folder.path
    card = Mutex(nil)
  }

  private func path(_ name: String) -> String { "\(folder)/\(name)" }

  package func create(_ name: String, _ content: Data) throws -> Bool {
    try card.withLock { card in
      if card?.content != content {
        card = ("\(Self.place(name))/\(UUID().uuidString).card", content)
        try overwrite(card?.name ?? "", content)
      }
      let source = path(card?.name ?? "")
      if link(source, path(name)) == 0 { return true }
      switch errno {
      case EEXIST: return false
      case ENOENT, EMLINK:  // the card was removed, or has as many names as a file may have
        card = nil
        return try createAlone(name, content)
      case EPERM, ENOTSUP, EXDEV, ENOSYS: return try createAlone(name, content)
      default: throw failure(name, "cannot be made")
      }
    }
  }

  /// The folder of a name.
  private static func place(_ name: String) -> String {
    name.split(separator: "/").dropLast().joined(separator: "/")
  }

  private func createAlone(_ name: String, _ content: Data) throws -> Bool {
    let descriptor = open(path(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      if errno == EEXIST { return false }
      throw failure(name, "cannot be made")
    }
    defer { close(descriptor) }
    guard content.withUnsafeBytes({ writeAll(descriptor, $0) }) else {
      let error = failure(name, "cannot be written")
      unlink(path(name))
      throw error
    }
    return true
  }

  package func read(_ name: String) -> Data? {
    try? WholeFile.read(URL(fileURLWithPath: path(name)), .configuration)
  }

  package func exists(_ name: String) -> Bool { access(path(name), F_OK) == 0 }

  package func overwrite(_ name: String, _ content: Data) throws {
    let descriptor = open(path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(name, "cannot be opened") }
    defer { close(descriptor) }
    guard content.withUnsafeBytes({ writeAll(descriptor, $0) }),
      ftruncate(descriptor, off_t(content.count)) == 0
    else { throw failure(name, "cannot be written") }
  }

  package func remove(_ name: String) { unlink(path(name)) }

  /// Removes the file that claims of this process are links to.
  package func removeCard() {
    card.withLock { card in
      if let name = card?.name { unlink(path(name)) }
      card = nil
    }
  }

  private func failure(_ name: String, _ what: String) -> FileError {
    FileError(
      file: URL(fileURLWithPath: path(name)), "\(what) (\(systemMessage()))",
      hint: "Check the folder's permissions and the space left")
  }
}
