import Foundation

/// Files that appear whole or not at all: written beside their place, flushed, then renamed.
package enum AtomicFile {
  private static let prefix = ".promptferry."

  /// Whether this is what a write that was killed has left.
  package static func isTemporary(_ url: URL) -> Bool {
    url.lastPathComponent.hasPrefix(prefix) && url.pathExtension == "part"
  }

  static func temporaryName() -> String { "\(prefix)\(UInt32.random(in: .min ... .max)).part" }

  /// Writes `data` to `url`, replacing what was there only after every byte is on disk. A symbolic link stays, and its
  /// target is replaced.
  /// Throws `FileError` when the folder is missing or not writable, or the disk is full; the old file, if
  /// any, is then untouched and nothing else is left behind.
  package static func write(_ data: Data, to url: URL) throws(FileError) {
    try write(to: url) { descriptor in data.withUnsafeBytes { writeAll(descriptor, $0) } }
  }

  /// The same of what `fill` writes to the descriptor that it is given, piece by piece; it returns whether all was written.
  package static func write(to url: URL, _ fill: (Int32) -> Bool) throws(FileError) {
    try requireWritable(url)
    let place = url.resolvingSymlinksInPath()
    let temporary = place.deletingLastPathComponent().appendingPathComponent(temporaryName())
    func failure(_ what: String) -> FileError {
      FileError(
        file: url, "\(what) (\(systemMessage()))", hint: "Check the folder's permissions and the space left")
    }
    Temporaries.add(temporary)
    defer { Temporaries.remove(temporary) }
    let descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure("cannot be created") }
    guard fill(descriptor), fsync(descriptor) == 0 else {
      let error = failure("cannot be written")
      close(descriptor)
      unlink(temporary.path)
      throw error
    }
    guard close(descriptor) == 0, rename(temporary.path, place.path) == 0 else {
      let error = failure("cannot be put in place")
      unlink(temporary.path)
      throw error
    }
  }
}

/// `write(2)` until all is written; false when it fails.
package func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

/// Writes a large file and has it put on the disk meanwhile. Whoever waits for a gigabyte at its end cannot be ended before, not by
/// a signal either.
package struct PacedWriter {
  private let descriptor: Int32
  private var waiting = 0

  private static let pace = 32 << 20

  package init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Whether all was written.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Self.pace - waiting)
      guard writeAll(descriptor, UnsafeRawBufferPointer(rebasing: piece)) else { return false }
      rest = rest.dropFirst(piece.count)
      waiting += piece.count
      guard waiting >= Self.pace else { continue }
      waiting = 0
      guard fsync(descriptor) == 0 else { return false }
    }
    return true
  }
}

extension AtomicFile {
  /// Throws unless a file can be made at `url` or is there to be replaced: long work should not end at a wrong path.
  package static func requireWritable(_ url: URL) throws(FileError) {
    let place = url.resolvingSymlinksInPath()
    var status = stat()
    if stat(place.path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw FileError(
        file: url, isFolder ? "is a folder" : "is a device or a pipe", hint: "Give the name of a file")
    }
    let folder = place.deletingLastPathComponent()
    guard access(folder.path, W_OK) == 0 else {
      throw FileError(
        file: url, "cannot be created (\(systemMessage()))",
        hint: "Check that its folder exists and can be written")
    }
    guard place.lastPathComponent.utf8.count <= 255 else {
      throw FileError(file: url, "has a name longer than 255 bytes", hint: "Give a shorter one")
    }
  }
}
