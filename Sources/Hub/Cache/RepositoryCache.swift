import Checkpoints
import Formats
import Foundation
import Synchronization

/// One repository's folder in a cache of the layout that Python's `huggingface_hub` uses:
/// ```
/// models--org--name/refs/main                 the commit, 40 digits
///                  /trees/COMMIT.json         the repository's files at that commit
///                  /blobs/HASH                contents
///                  /snapshots/COMMIT/NAME     relative links to blobs, or the files themselves
/// ```
/// Every file appears by a rename, whole; what two processes do at once costs time but nothing else, so there are no
/// locks. Reading writes nothing: the cache may be read-only.
struct RepositoryCache: Sendable {
  private let root: URL
  let folder: URL
  private let linksSnapshots: Bool
  /// Whether it keeps embedding tables without their models, and nothing else.
  let isOfTables: Bool
  private let tidy = Tidy()

  init(root: URL, repository: String, linksSnapshots: Bool, isOfTables: Bool = false) {
    self.root = root
    self.linksSnapshots = linksSnapshots
    self.isOfTables = isOfTables
    let name = Self.prefix + repository.replacing("/", with: "--")
    folder = root.appending(path: name, directoryHint: .isDirectory)
  }

  /// What Python's client shares.
  static func shared(_ settings: HubSettings, _ repository: String) -> RepositoryCache {
    RepositoryCache(
      root: settings.cache, repository: repository, linksSnapshots: settings.linksSnapshots)
  }

  /// Ours: embedding tables without their models, which must not look like files of the Hub.
  static func tables(_ settings: HubSettings, _ repository: String) -> RepositoryCache {
    RepositoryCache(
      root: tables(settings), repository: repository, linksSnapshots: false, isOfTables: true)
  }

  static func tables(_ settings: HubSettings) -> URL {
    settings.assets.appending(path: "promptferry/embeddings")
  }

  /// The repositories that have a folder below a cache's root; none where there is no cache yet.
  static func repositories(below root: URL) throws(HubError) -> [String] {
    guard FileManager.default.fileExists(atPath: root.path) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: root.path).filter { $0.hasPrefix(prefix) }
        .map { String($0.dropFirst(prefix.count)).replacing("--", with: "/") }.sorted()
    } catch {
      throw HubError(
        .storage, root.path, "is the cache, and cannot be read",
        hint: "Check its permissions, or set HF_HOME to another folder")
    }
  }

  private static let prefix = "models--"

  // MARK: References and listings

  /// The commit that the revision meant when the Hub was last asked.
  func commit(of revision: String) -> String? {
    let text = FileStart.read(folder.appending(path: "refs/\(revision)"), 4096)
      .map { String(decoding: $0, as: UTF8.self) }
    return text.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.flatMap {
      HubID.isCommit($0) ? $0 : nil
    }
  }

  /// Every revision that is known here, and its commit.
  var revisions: [String: String] {
    let names = FileManager.default.subpaths(atPath: folder.appending(path: "refs").path) ?? []
    return Dictionary(
      names.compactMap { name in commit(of: name).map { (name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  func setCommit(_ commit: String, of revision: String) throws {
    guard revision != commit, self.commit(of: revision) != commit else { return }
    try write(Data(commit.utf8), to: folder.appending(path: "refs/\(revision)"))
  }

  func listing(of commit: String) -> FileListing? {
    (try? JSON(contentsOf: folder.appending(path: "trees/\(commit).json"), limit: .results)).flatMap {
      FileListing(file: $0)
    }
  }

  func setListing(_ listing: FileListing, of commit: String) throws {
    try write(listing.file, to: folder.appending(path: "trees/\(commit).json"))
  }

  // MARK: Files

  func snapshot(_ commit: String) -> URL {
    folder.appending(path: "snapshots/\(commit)", directoryHint: .isDirectory)
  }

  /// Whether the file is in the snapshot, with this size where one is known.
  func holds(_ name: String, at commit: String, size: Int?) -> Bool {
    Self.size(snapshot(commit).appending(path: name)).map { size == nil || $0 == size } ?? false
  }

  /// Every commit of which there are files.
  var commits: [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: folder.appending(path: "snapshots").path)
    return (names ?? []).filter(HubID.isCommit).sorted()
  }

  /// The paths of a snapshot's files, in all its folders.
  func paths(at commit: String) -> [String] {
    (FileManager.default.subpaths(atPath: snapshot(commit).path) ?? []).sorted()
      .filter { holds($0, at: commit, size: nil) }
  }

  /// How many bytes files of a snapshot take, each counted once though it may have several names.
  func bytes(of paths: [String], at commit: String) -> Int {
    var seen: Set<FileIdentity> = []
    return paths.map { snapshot(commit).appending(path: $0) }
      .filter { FileIdentity($0).map { seen.insert($0).inserted } ?? false }
      .reduce(0) { $0 + (Self.size($1) ?? 0) }
  }

  /// The names at the top of a snapshot.
  func names(at commit: String) -> Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: snapshot(commit).path)) ?? [])
      .filter { holds($0, at: commit, size: nil) }
  }

  /// A file to download into, which `place` then gives its name.
  func part(_ name: String, subject: String, size: Int, hash: ContentHash?) throws -> PartFile {
    try tag()
    let blobs = folder.appending(path: "blobs")
    try makeFolder(blobs)
    tidy(blobs)
    return try PartFile(
      in: blobs, stem: hash?.name ?? name, subject: subject, size: size,
      expected: hash)
  }

  /// Takes the blob from an earlier download, perhaps of another revision; false where there is none of that size.
  func reuse(_ hash: ContentHash, size: Int, as name: String, at commit: String) throws -> Bool {
    let blob = folder.appending(path: "blobs/\(hash.name)")
    guard Self.size(blob) == size else { return false }
    try makeFolder(snapshot(commit).appending(path: name).deletingLastPathComponent())
    try makeFolder(blob.deletingLastPathComponent())
    if try link(blob, name, commit) { return true }
    let copy = try PartFile(
      in: blob.deletingLastPathComponent(), stem: hash.name, subject: name, size: size, expected: hash)
    let source = try FileHandle(forReadingFrom: blob)
    while let data = try source.read(upToCount: 1 << 22), !data.isEmpty { try copy.append(data) }
    try copy.move(to: snapshot(commit).appending(path: name))
    return true
  }

  /// Gives a finished file its place in the snapshot.
  /// - Parameter hash: the blob to put it into; nil where the content is no file of the repository
  func place(_ part: PartFile, as name: String, at commit: String, hash: ContentHash?) throws {
    let pointer = snapshot(commit).appending(path: name)
    try makeFolder(pointer.deletingLastPathComponent())
    guard let hash, linksSnapshots else { return try part.move(to: pointer) }
    let blob = folder.appending(path: "blobs/\(hash.name)")
    try part.move(to: blob)
    guard try !link(blob, name, commit) else { return }
    guard rename(blob.path, pointer.path) == 0 else { throw Self.failure(pointer, "cannot be put in place") }
  }

  /// Makes the snapshot's relative link to a blob; false where links are not wanted or the file system has none.
  private func link(_ blob: URL, _ name: String, _ commit: String) throws -> Bool {
    guard linksSnapshots else { return false }
    let pointer = snapshot(commit).appending(path: name).path
    // A file in a folder of the repository is as much deeper.
    let depth = 2 + name.count { $0 == "/" }
    let target = String(repeating: "../", count: depth) + "blobs/\(blob.lastPathComponent)"
    for _ in 0..<2 {
      if symlink(target, pointer) == 0 { return true }
      guard errno == EEXIST else { return false }
      // Another process was faster, or it is a file of another size, or a link to a blob that is gone.
      if (try? FileManager.default.destinationOfSymbolicLink(atPath: pointer)) == target { return true }
      unlink(pointer)
    }
    return false
  }

  // MARK: Folders and space

  /// Throws unless so many bytes are free.
  func requireSpace(_ bytes: Int) throws {
    var place = folder
    while access(place.path, F_OK) != 0 {
      let length = place.path.utf8.count
      place.deleteLastPathComponent()
      guard place.path.utf8.count < length else { return }  // a relative one, in a folder that is gone
    }
    var status = statvfs()
    guard statvfs(place.path, &status) == 0 else { return }
    let (free, isMore) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
      by: Int(clamping: status.f_frsize))
    guard !isMore, free < bytes else { return }
    throw HubError(
      .storage, root.path, "has \(free / 1_000_000) MB free where \(bytes / 1_000_000) MB are needed",
      hint: "Make room, or set HF_HOME to a larger disk")
  }

  /// Marks the cache for backup tools, which may leave it out, in the words of Python's client.
  private func tag() throws {
    let url = root.appending(path: "CACHEDIR.TAG")
    guard Self.size(url) == nil else { return }
    try write(
      Data(
        """
        Signature: 8a477f597d28d172789f06886806bc55
        # This file is a cache directory tag created by huggingface_hub.
        # For information about cache directory tags, see:
        #\thttps://bford.info/cachedir/

        """.utf8), to: url)
  }

  private func write(_ data: Data, to url: URL) throws {
    try makeFolder(url.deletingLastPathComponent())
    tidy(url.deletingLastPathComponent())
    let part = try PartFile(
      in: url.deletingLastPathComponent(), stem: url.lastPathComponent, subject: url.path, size: data.count,
      expected: nil)
    try part.append(data)
    try part.move(to: url)
  }

  private static func size(_ url: URL) -> Int? {
    var status = stat()
    guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// Makes a folder of the cache. Throws where a link in the cache would lead what is written out of it.
  private func makeFolder(_ url: URL) throws(HubError) {
    var place = url
    while access(place.path, F_OK) != 0, place.path.count > root.path.count {
      place.deleteLastPathComponent()
    }
    let home = root.resolvingSymlinksInPath().path
    let end = place.resolvingSymlinksInPath().path
    guard end == home || end.hasPrefix(home + "/") || place.path.count <= root.path.count else {
      throw HubError(
        .storage, place.path, "is a link that leads out of the cache, and nothing is written there",
        hint: "Remove the link, or set HF_HOME to the folder that it leads to")
    }
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw Self.failure(url, "cannot be created")
    }
  }

  /// The error of the last failed system call on a file of the cache.
  static func failure(_ url: URL, _ what: String) -> HubError {
    let isFull = errno == ENOSPC || errno == EDQUOT
    return HubError(
      .storage, url.path, "\(what) (\(systemMessage()))",
      hint: isFull
        ? "Make room, or set HF_HOME to a larger disk"
        : "Check its permissions, or set HF_HOME to another folder")
  }
}

/// Removes what killed downloads have left in a folder, once for each fetch: a repository may have thousands of blobs.
private final class Tidy: Sendable {
  private let done = Mutex<Set<URL>>([])

  func callAsFunction(_ folder: URL) {
    guard done.withLock({ $0.insert(folder).inserted }) else { return }
    PartFile.removeAbandoned(in: folder)
  }
}
