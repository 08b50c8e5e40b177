import Foundation

/// A model of the Hub that is on this machine, at one commit.
public struct CachedModel: Sendable {
  /// What means it without asking the Hub: with a branch or tag where one meant this commit when the Hub was last asked, else with
  /// the commit.
  public let id: HubID
  public let commit: String
  /// What of it is there.
  public let part: HubPart
  /// In Hugging Face layout; or the GGUF file.
  public let folder: URL
  /// Of its files on disk. Commits may share some, which each of them counts.
  public let bytes: Int
}

extension HubClient {
  /// The models that `fetch` finds in the caches and need not download, in the order of their names. What is there only in part
  /// is not among them. The Hub is not asked. Throws where a cache cannot be read.
  public func cachedModels() throws(HubError) -> [CachedModel] {
    var models: [CachedModel] = []
    for repository in try RepositoryCache.repositories(below: settings.cache) where HubID(repository) != nil {
      models += RepositoryCache.shared(settings, repository).models(of: repository)
    }
    // A revision means what the shared cache has of it, where both have some.
    let known = Set(models.map(\.id))
    for repository in try RepositoryCache.repositories(below: RepositoryCache.tables(settings))
    where HubID(repository) != nil {
      models += RepositoryCache.tables(settings, repository).models(of: repository).map { table in
        guard known.contains(table.id), let id = HubID("\(repository)@\(table.commit)") else { return table }
        return CachedModel(
          id: id, commit: table.commit, part: table.part, folder: table.folder, bytes: table.bytes)
      }
    }
    return models.sorted { ("\($0.id)", $0.bytes) < ("\($1.id)", $1.bytes) }
  }
}
