/// What a prompt can be carried from or to: a model, or its embeddings alone.
public protocol EmbeddingProvider: Sendable {
  var space: EmbeddingSpace { get }
}

extension LanguageModel: EmbeddingProvider {}

extension EmbeddingSpace: EmbeddingProvider {
  public var space: EmbeddingSpace { self }
}
