import Formats
import Foundation

/// What of a model a cache holds.
extension RepositoryCache {
  static let tableFile = "model.safetensors"

  /// Whether the snapshot holds what is wanted. Without a listing its own files must do to open it.
  func holds(_ part: HubPart, of id: HubID, at commit: String, _ listing: FileListing?) -> Bool {
    var names = listing?.names ?? names(at: commit)
    if let file = id.file, holds(file, at: commit, size: nil) { names.insert(file) }
    guard let files = try? ModelFiles(among: names, of: id) else { return false }
    func isThere(_ name: String) -> Bool { holds(name, at: commit, size: listing?.entries[name]?.size) }
    guard files.small.allSatisfy(isThere) else { return false }
    if isOfTables { return part == .embeddings && holds(Self.tableFile, at: commit, size: nil) }
    guard isThere(files.weights), let shards = try? files.shards(in: snapshot(commit), for: part) else {
      return false
    }
    return shards.allSatisfy(isThere)
  }

  /// The models that are there at each commit: one in Hugging Face layout, and every GGUF file.
  func models(of repository: String) -> [CachedModel] {
    let revisions = Dictionary(grouping: revisions, by: \.value).mapValues { $0.map(\.key).sorted() }
    return commits.flatMap { commit in
      let known = revisions[commit] ?? []
      let revision = known.contains("main") ? "main" : known.first ?? commit
      let listing = listing(of: commit)
      let paths = paths(at: commit)
      let ggufs = isOfTables ? [] : paths.filter { $0.lowercased().hasSuffix(".gguf") }
      let rest = paths.filter { !ggufs.contains($0) }
      func model(_ place: String, _ files: [String], _ folder: URL) -> CachedModel? {
        guard let id = HubID("\(place)@\(revision)") ?? HubID("\(place)@\(commit)"),
          let part = [HubPart.model, .embeddings].first(where: { holds($0, of: id, at: commit, listing) })
        else { return nil }
        return CachedModel(
          id: id, commit: commit, part: part, folder: folder, bytes: bytes(of: files, at: commit))
      }
      let whole = model(repository, rest, snapshot(commit))
      return [whole].compactMap(\.self)
        + ggufs.compactMap { model("\(repository)/\($0)", [$0], snapshot(commit).appending(path: $0)) }
    }
  }
}
