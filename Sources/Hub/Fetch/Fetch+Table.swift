import Checkpoints
import Formats
import Foundation
import LanguageModels
import Synchronization

extension Fetch {
  /// Fetches the embedding table and no other tensor, by byte ranges: the header of each shard that may hold it, then its
  /// bytes. What is kept is a folder in Hugging Face layout whose weights are that one tensor.
  ///
  /// Throws `HubError` of kind `rangeIgnored` where the server does not send parts of files.
  func downloadTable(_ commit: String, _ listing: FileListing, _ files: ModelFiles) async throws -> HubModel {
    try await download(
      files.small + (files.isSharded ? [files.weights] : []), commit, listing, into: own)
    let folder = own.snapshot(commit)
    let names = files.isSharded ? try files.shards(in: folder, for: .embeddings) : [files.weights]
    var all: [String: (entry: SafetensorsHeader.Entry, file: RemoteFile, dataOffset: Int)] = [:]
    for name in names {
      let file = try remoteFile(name, commit, listing)
      let header = try await header(of: file)
      for entry in header.entries { all[entry.name] = (entry, file, header.dataOffset) }
    }
    let wanted = EmbeddingNames.mayBeTables(among: Array(all.keys))
    let tensors = all.filter { wanted.contains($0.key) }
    let configuration = try JSON(contentsOf: folder.appending(path: "config.json"), as: .python)
    let name = try EmbeddingNames.find(
      in: tensors.mapValues(\.entry.shape), configuration: configuration, folder: folder)
    if let found = tensors[name] {
      try await download(found.entry, of: found.file, from: found.dataOffset, commit)
    }
    try remember(commit, listing, in: own)
    return model(own, commit, listing)
  }

  /// How much of a file is asked for to see its header: enough for nearly all (huggingface_hub's `hf_api.py`).
  private static let headerGuess = 100_000
  private static let headerLimit = 25_000_000

  private func header(of file: RemoteFile) async throws -> SafetensorsHeader {
    var bytes = try await bytes(0..<min(Self.headerGuess, file.size), of: file)
    guard let length = SafetensorsHeader.length(bytes), length <= min(file.size, Self.headerLimit) else {
      throw HubError(
        .unsuitable, file.subject, "is no safetensors file", hint: "Its header has no sensible length")
    }
    if length > bytes.count { bytes += try await self.bytes(bytes.count..<length, of: file) }
    return try bytes.withUnsafeBytes { try SafetensorsHeader($0, fileLength: file.size, file: file.url) }
  }

  private func bytes(_ range: Range<Int>, of file: RemoteFile) async throws -> Data {
    meter.expect(range.count)
    return try await client.retry(note: observer.note) {
      let data = Mutex(Data())
      try await client.receive(file, range) { piece in
        data.withLock { $0 += piece }
        meter.receive(piece.count)
      }
      let received = data.withLock { $0 }
      guard received.count == range.count else {
        meter.receive(-received.count)
        throw HubError(
          .unreachable, file.subject, "the server stopped before the end of its header",
          hint: "Check the network and try again", isTransient: true)
      }
      return received
    }
  }

  private func download(
    _ entry: SafetensorsHeader.Entry, of file: RemoteFile, from dataOffset: Int, _ commit: String
  ) async throws {
    let header = SafetensorsHeader.serialize(
      [(entry.name, entry.typeName, entry.shape, entry.range.count)],
      metadata: ["format": "pt", "source": file.subject, "commit": commit])
    let size = header.count + entry.range.count
    try own.requireSpace(size)
    meter.expect(entry.range.count)
    let part = try own.part(RepositoryCache.tableFile, subject: file.subject, size: size, hash: nil)
    defer { part.discard() }
    try part.append(header)
    let end = dataOffset + entry.range.upperBound
    try await client.retry(received: part.count, note: observer.note) {
      try await client.receive(
        file, end - part.rest..<end,
        into: { data in
          try part.append(data)
          meter.receive(data.count)
        })
      guard part.rest == 0 else { throw client.endedEarly(file, part) }
    }
    try own.place(part, as: RepositoryCache.tableFile, at: commit, hash: nil)
  }
}
