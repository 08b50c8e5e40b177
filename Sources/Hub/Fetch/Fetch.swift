import Formats
import Foundation

/// One model's way from the Hub into a cache.
struct Fetch: Sendable {
  let id: HubID
  let part: HubPart
  let settings: HubSettings
  let observer: HubObserver
  let client: HubRequests
  let meter: Meter
  /// What Python's client shares.
  let shared: RepositoryCache
  /// Ours: embedding tables without their models, which must not look like files of the Hub.
  let own: RepositoryCache

  init(id: HubID, part: HubPart, settings: HubSettings, retry: Retry, observer: HubObserver) {
    self.id = id
    self.part = part
    self.settings = settings
    self.observer = observer
    client = HubRequests(settings: settings, retry: retry, observer: observer)
    meter = Meter(observer)
    shared = .shared(settings, id.repository)
    own = .tables(settings, id.repository)
  }

  func run() async throws -> HubModel {
    let cached = cachedModel()
    if let cached, id.isCommit || settings.isOffline { return cached }
    guard !settings.isOffline else {
      throw HubError(
        .offline, "\(id)", "is not in the cache, and the network may not be used",
        hint: "Fetch it where there is a network, or unset HF_HUB_OFFLINE")
    }
    let (commit, listing): (String, FileListing)
    do {
      let attempts = cached == nil ? client.retry.attempts : 1
      commit = try await resolve(attempts: attempts)
      listing = try await self.listing(of: commit, attempts: attempts)
    } catch let error as HubError where error.permitsCachedCopy {
      guard let cached else { throw error }
      observer.note(
        "\(error.subject): \(error.problem). Using the copy in the cache, of commit \(cached.commit).")
      return cached
    }
    if let cache = caches.first(where: { $0.holds(part, of: id, at: commit, listing) }) {
      try? cache.setCommit(commit, of: id.revision)  // the cache may be read-only
      return model(cache, commit, listing)
    }
    return try await download(commit, listing)
  }

  // MARK: What is there

  /// Where the model may be, best first.
  private var caches: [RepositoryCache] { part == .model || id.file != nil ? [shared] : [shared, own] }

  /// The model as it was when the Hub was last asked; nil where a file is missing.
  private func cachedModel() -> HubModel? {
    for cache in caches {
      guard let commit = id.isCommit ? id.revision : cache.commit(of: id.revision) else { continue }
      let listing = cache.listing(of: commit)
      if cache.holds(part, of: id, at: commit, listing) { return model(cache, commit, listing) }
    }
    return nil
  }

  func model(_ cache: RepositoryCache, _ commit: String, _ listing: FileListing?) -> HubModel {
    HubModel(
      id: id, commit: commit,
      folder: id.file.map { cache.snapshot(commit).appending(path: $0) } ?? cache.snapshot(commit),
      part: cache.holds(.model, of: id, at: commit, listing) ? .model : .embeddings,
      receivedBytes: meter.received)
  }

  // MARK: What the Hub says

  /// The commit that the revision means now.
  private func resolve(attempts: Int) async throws -> String {
    if id.isCommit { return id.revision }
    let url = client.address(["api", "models"] + names + ["revision", id.revision])
    let (json, _) = try await client.json(url, "\(id)", attempts: attempts)
    guard let commit = json["sha"]?.string, HubID.isCommit(commit) else { throw client.notAHub("\(id)") }
    return commit
  }

  private func listing(of commit: String, attempts: Int) async throws -> FileListing {
    if let listing = caches.lazy.compactMap({ $0.listing(of: commit) }).first { return listing }
    var listing = FileListing()
    var next: URL? = client.address(
      ["api", "models"] + names + ["tree", commit], query: "recursive=true&expand=false")
    var seen: Set<URL> = []
    while let url = next {
      // A list that never ends is no Hub's, nor one that goes on elsewhere.
      guard seen.count < Self.pageLimit, seen.insert(url).inserted, url.origin == settings.endpoint.origin
      else { throw client.notAHub("\(id)") }
      let (json, answer) = try await client.json(url, "\(id)", attempts: attempts)
      guard listing.add(page: json) else { throw client.notAHub("\(id)") }
      next = answer.nextPage.flatMap { URL(string: client.local($0), relativeTo: url)?.absoluteURL }
    }
    return listing
  }

  /// Of a thousand files each.
  private static let pageLimit = 1000

  private var names: [String] { id.repository.split(separator: "/").map(String.init) }

  // MARK: Download

  private func download(_ commit: String, _ listing: FileListing) async throws -> HubModel {
    let files = try ModelFiles(among: listing.names, of: id)
    if part == .embeddings, id.file == nil {
      do {
        if files.isSafetensors { return try await downloadTable(commit, listing, files) }
        observer.note("\(id) has no safetensors: fetching whole files to read its embedding table.")
      } catch let error as HubError where error.kind == .rangeIgnored {
        observer.note("\(error.problem): fetching the whole of \(error.subject) instead.")
      }
    }
    try remember(commit, listing, in: shared)
    try await download(files.small + [files.weights], commit, listing, into: shared)
    let shards = try files.shards(in: shared.snapshot(commit), for: part)
    try await download(shards, commit, listing, into: shared)
    return model(shared, commit, listing)
  }

  /// Writes what the Hub said, as Python's client does before it downloads.
  func remember(_ commit: String, _ listing: FileListing, in cache: RepositoryCache) throws {
    try cache.setCommit(commit, of: id.revision)
    if cache.listing(of: commit) == nil { try cache.setListing(listing, of: commit) }
  }

  /// Downloads those of the files that are not there, several at a time.
  func download(
    _ names: [String], _ commit: String, _ listing: FileListing, into cache: RepositoryCache
  ) async throws {
    var missing: [(name: String, file: RemoteFile)] = []
    for name in names where !cache.holds(name, at: commit, size: listing.entries[name]?.size) {
      let file = try remoteFile(name, commit, listing)
      if try !cache.reuse(file.hash, size: file.size, as: name, at: commit) { missing.append((name, file)) }
    }
    let bytes = missing.reduce(0) { $0 + $1.file.size }
    try cache.requireSpace(bytes)
    meter.expect(bytes)
    // The largest first: the last to end is then a small one.
    let ordered = missing.sorted { $0.file.size > $1.file.size }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, (name, file)) in ordered.enumerated() {
        if index >= settings.concurrency { try await group.next() }
        group.addTask {
          let part = try cache.part(name, subject: file.subject, size: file.size, hash: file.hash)
          defer { part.discard() }
          try await client.fill(part, with: file, meter)
          try cache.place(part, as: name, at: commit, hash: file.hash)
        }
      }
      try await group.waitForAll()
    }
  }

  func remoteFile(_ name: String, _ commit: String, _ listing: FileListing) throws -> RemoteFile {
    guard let entry = listing.entries[name] else {
      throw HubError(
        .unsuitable, "\(id)", "has no \(name), which its index names", hint: "The repository is incomplete")
    }
    guard let hash = entry.hash else { throw client.notAHub("\(id)") }
    let url = client.address(self.names + ["resolve", commit, name])
    return RemoteFile(
      repository: "\(id)", subject: "\(id)/\(name)", url: url, commit: commit, size: entry.size, hash: hash)
  }
}
