import Formats
import Foundation
import Synchronization

/// A file on its way: written under a name of its own, `STEM.8hex.incomplete`, that no other process has, and removed
/// unless it is moved to its place. So nothing unfinished ever has a finished file's name, with locks or without.
final class PartFile: Sendable {
  private struct State {
    var descriptor: Int32
    var count = 0
    var hasher: ContentHasher?
    var isMoved = false
  }

  private let path: URL
  private let size: Int
  private let subject: String
  private let expected: ContentHash?
  private let state: Mutex<State>

  /// - Parameters:
  ///   - folder: on the file system of the file's place
  ///   - subject: what it becomes, for people
  ///   - size: of the whole file
  ///   - expected: what its content must hash to; nil where that cannot be known
  init(in folder: URL, stem: String, subject: String, size: Int, expected: ContentHash?) throws(HubError) {
    path = folder.appending(
      path: "\(stem).\(String(format: "%08x", UInt32.random(in: 0 ... .max))).incomplete")
    self.size = size
    self.subject = subject
    self.expected = expected
    let descriptor = open(path.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw RepositoryCache.failure(path, "cannot be created") }
    // Says that it has an owner. Where there are no locks nothing is removed.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    state = Mutex(
      State(descriptor: descriptor, hasher: expected.map { ContentHasher(like: $0, size: size) }))
  }

  /// Removes what downloads that were killed have left: files of such names that nobody has locked, and that are not new.
  static func removeAbandoned(in folder: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names
    where name.hasSuffix(".incomplete") && name.wholeMatch(of: /.+\.[0-9a-f]{8}\.incomplete/) != nil {
      let file = folder.appending(path: name)
      let descriptor = open(file.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      let written = try? FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date
      guard let written, written.timeIntervalSinceNow < -youngest, flock(descriptor, LOCK_EX | LOCK_NB) == 0
      else { continue }
      unlink(file.path)
    }
  }

  /// Seconds: an owner has locked it by then.
  private static let youngest = 60.0

  var count: Int { state.withLock { $0.count } }
  /// Bytes that are still to come.
  var rest: Int { size - count }

  func append(_ data: Data) throws {
    try state.withLock { state in
      guard state.count + data.count <= size else {
        throw HubError(
          .damaged, subject, "is longer than the Hub says",
          hint: "Try again later; a proxy may have changed it", isTransient: true)
      }
      guard data.withUnsafeBytes({ writeAll(state.descriptor, $0) }) else {
        throw RepositoryCache.failure(path, "cannot be written")
      }
      state.hasher?.update(data)
      state.count += data.count
    }
  }

  /// Forgets what was written, and returns how much that was.
  @discardableResult func restart() throws -> Int {
    try state.withLock { state in
      guard ftruncate(state.descriptor, 0) == 0, lseek(state.descriptor, 0, SEEK_SET) == 0 else {
        throw RepositoryCache.failure(path, "cannot be written")
      }
      defer { state.count = 0 }
      state.hasher = expected.map { ContentHasher(like: $0, size: size) }
      return state.count
    }
  }

  /// Whether every byte is there and hashes to what it should.
  var isRight: Bool {
    state.withLock { $0.count == size && (expected == nil || $0.hasher?.finalize() == expected) }
  }

  /// Gives the file its place, once it is on disk.
  func move(to place: URL) throws {
    try state.withLock { state in
      guard fsync(state.descriptor) == 0, rename(path.path, place.path) == 0 else {
        throw RepositoryCache.failure(place, "cannot be put in place")
      }
      state.isMoved = true
    }
  }

  /// Removes the file unless it is in its place. Not left to `deinit`: an exchange that was cancelled may keep the object
  /// until after the process has ended.
  func discard() {
    state.withLock { state in
      if !state.isMoved { unlink(path.path) }
    }
  }

  deinit {
    discard()
    close(state.withLock { $0.descriptor })
  }
}
