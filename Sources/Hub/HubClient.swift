import Foundation

/// What of a model is wanted.
public enum HubPart: Sendable {
  /// All that it takes to run it.
  case model
  /// The tokenizer and the embedding table: all that transfer needs.
  case embeddings
}

/// A model that is on this machine now.
public struct HubModel: Sendable {
  public let id: HubID
  public let commit: String
  /// In Hugging Face layout; or the GGUF file.
  public let folder: URL
  /// What of it the folder holds: with `.embeddings` the table and perhaps none of the other weights.
  public let part: HubPart
  /// How many bytes came over the network.
  public let receivedBytes: Int
}

/// The Hugging Face Hub and its cache on this machine, shared with Python's `huggingface_hub`.
///
/// ```swift
/// guard let id = HubID("google-bert/bert-base-cased") else { return }
/// let model = try await HubClient(settings: HubSettings()).fetch(id)
/// let space = try EmbeddingSpace(folder: model.folder)
/// ```
public struct HubClient: Sendable {
  let settings: HubSettings
  let retry: Retry
  let observer: HubObserver

  public init(settings: HubSettings, retry: Retry = Retry(), observer: HubObserver = HubObserver()) {
    self.settings = settings
    self.retry = retry
    self.observer = observer
  }

  /// Finds the model in the cache or downloads what is missing.
  ///
  /// The revision is resolved once and every file is of that commit. A commit whose files are there costs no request; a
  /// branch or tag costs one. Where the Hub cannot be asked, the cached copy is taken and `observer` is told.
  /// Throws `HubError`, and what opening a file throws.
  public func fetch(_ id: HubID, _ part: HubPart = .model) async throws -> HubModel {
    let fetch = Fetch(id: id, part: part, settings: settings, retry: retry, observer: observer)
    return try await fetch.run()
  }
}
