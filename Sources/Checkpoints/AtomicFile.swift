import Foundation

/// Files that appear whole or not at all: written beside their place, flushed, then renamed.
package enum AtomicFile {
  /// Writes `data` to `url`, replacing what was there only after every byte is on disk.
  /// Throws `CheckpointError` when the folder is missing or not writable, or the disk is full; the old file, if
  /// any, is then untouched and nothing else is left behind.
  package static func write(_ data: Data, to url: URL) throws(CheckpointError) {
    let temporary = url.deletingLastPathComponent()
      .appendingPathComponent(".\(url.lastPathComponent).\(UInt32.random(in: .min ... .max)).part")
    func failure(_ what: String) -> CheckpointError {
      let message = systemMessage()
      unlink(temporary.path)
      return CheckpointError(
        file: url, "\(what) (\(message))", hint: "Check the folder's permissions and the space left")
    }
    let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure("cannot be created") }
    let isWritten = data.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = writeOnce(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        offset += count
      }
      return fsync(descriptor) == 0
    }
    guard isWritten else {
      let error = failure("cannot be written")
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw failure("cannot be written") }
    guard rename(temporary.path, url.path) == 0 else { throw failure("cannot be put in place") }
  }
}

extension AtomicFile {
  /// Throws unless a file can be made beside `url`: long work should not end at a wrong path.
  package static func requireWritable(_ url: URL) throws(CheckpointError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
      throw CheckpointError(file: url, "is a folder", hint: "Give the name of a file")
    }
    let folder = url.deletingLastPathComponent()
    guard access(folder.path, W_OK) == 0 else {
      throw CheckpointError(
        file: url, "cannot be created (\(systemMessage()))",
        hint: "Check that its folder exists and can be written")
    }
  }
}

/// `write(2)`, by a name that does not collide with the method above.
private func writeOnce(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
