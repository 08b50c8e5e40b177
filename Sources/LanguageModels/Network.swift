import Tensors

/// A frozen language model that runs: scores of the words at one position of each sequence (the mask, or the end of a causal
/// model's input), and gradients of the prompt that is spliced into its input.
///
/// Weights are never written. One network serves any number of threads, each with a `Workspace` of its own. Nothing that uses
/// a network knows where it runs: it gives ids and prompt, and takes logits and the prompt's gradient.
public protocol Network: Sendable {
  var configuration: ModelConfiguration { get }
  /// The word-embedding table, (V, E): the space that prompts live in.
  var embeddingTable: EmbeddingTable { get }
  /// Tensors of the checkpoint that the model has no use for (poolers, position ids, …).
  var unusedTensors: [String] { get }
  /// What products with its weights are computed in.
  var precision: Precision { get }
  /// Whether a sequence's results are the same to the last bit whichever sequences share its batch.
  var keepsSequencesApart: Bool { get }

  /// What it runs on; nil for this processor.
  var deviceName: String? { get }
  /// How many sequences it wants at a time, where it wants more than a processor's core does.
  var sequencesPerTask: Int? { get }
  /// What went wrong where it runs, if anything did: its numbers are none from then on.
  var failure: (any Error)? { get }

  /// Lays the weights out for the work to come, in parallel; else each is when it is first used.
  /// - Parameter candidates: those whose gradients will be asked for as well; nil for none
  func prepare(gradientsOf candidates: CandidateHead?, parallelism: Parallelism)

  /// Some words only, so that scoring them costs no more than it must.
  func candidates(_ ids: [Int]) -> CandidateHead

  /// Every word of the vocabulary.
  var allWords: CandidateHead { get }

  /// The logits of the candidates for each prediction of each input, (R, candidates): of one position each, (B, candidates).
  /// - Parameter prompt: (P, E), in the space of the table's rows
  func logits(
    _ inputs: ArraySlice<PromptedInput>, prompt: Matrix, candidates: CandidateHead, _ workspace: Workspace
  ) -> Matrix

  /// Of each input which candidate comes first, and the place and the probability of a labelled one, at the one position that is read.
  /// - Parameter labels: columns of `candidates`
  func ranks(
    _ inputs: ArraySlice<PromptedInput>, labels: ArraySlice<Int>, prompt: Matrix, candidates: CandidateHead,
    _ workspace: Workspace
  ) -> [CandidateRank]

  /// The natural logarithms of the probabilities of some tokens, over the whole vocabulary, for each input.
  /// - Parameter tokens: of each input, which of its predictions, and the token
  func logProbabilities(
    of tokens: ArraySlice<[PredictedToken]>, after inputs: ArraySlice<PromptedInput>, prompt: Matrix,
    _ workspace: Workspace
  ) -> [[Float]]

  /// Of each group the loss of each prediction, and the gradient, (P, E), of its `scale` times their sum. All are taught by labels, or
  /// all by distributions at one temperature.
  func lossesAndGradients(
    _ groups: [TaughtGroup], candidates: CandidateHead, _ workspace: Workspace
  ) -> [(losses: [Float], gradient: Matrix)]
}

extension Network {
  public var precision: Precision { .f32 }
  public var deviceName: String? { nil }
  public var sequencesPerTask: Int? { nil }
  public var failure: (any Error)? { nil }

  /// The cross-entropy of each label at the position that is read, and the gradient of `scale` times their sum.
  /// - Parameters:
  ///   - labels: columns of `candidates`
  ///   - gradient: (P, E), overwritten
  public func lossAndGradient(
    _ inputs: ArraySlice<PromptedInput>, labels: ArraySlice<Int>, prompt: Matrix,
    candidates: CandidateHead, scale: Float, gradient: inout Matrix, _ workspace: Workspace
  ) -> [Float] {
    let group = TaughtGroup(
      inputs: Array(inputs), target: .labels(Array(labels)), prompt: prompt, scale: scale)
    let results = lossesAndGradients([group], candidates: candidates, workspace)
    gradient = results[0].gradient
    return results[0].losses
  }
}

/// A token of which a probability is asked.
public struct PredictedToken: Sendable, Hashable {
  /// Which of an input's predictions: the positions that are read, then the continuations' tokens.
  public let prediction: Int
  public let token: Int

  public init(prediction: Int, token: Int) { (self.prediction, self.token) = (prediction, token) }
}

/// The words that are scored, as a network has laid them out for itself.
public struct CandidateHead: Sendable {
  public let count: Int
  let content: any CandidateContent

  init(_ content: any CandidateContent, count: Int) {
    self.content = content
    self.count = count
  }

  /// Lays them out for the work to come, which else its first part does.
  public func prepare() { content.prepare() }
}

/// What a network keeps for the words that are scored.
protocol CandidateContent: Sendable {
  func prepare()
}

/// One worker's buffers, reused from batch to batch, whatever network they are for. Not for two threads at a time.
public final class Workspace {
  let keepsLayers: Bool
  private var owned: AnyObject?

  /// - Parameter keepsLayers: whether every layer's activations are kept, which gradients need; else layers take turns with
  ///   two places
  public init(keepsLayers: Bool = true) { self.keepsLayers = keepsLayers }

  /// The buffers of a kind of network, if they are there.
  func known<Buffers: AnyObject>(as kind: Buffers.Type) -> Buffers? { owned as? Buffers }

  /// Keeps them for the next batch.
  func keep<Buffers: AnyObject>(_ buffers: Buffers) -> Buffers {
    owned = buffers
    return buffers
  }
}

/// Buffers that can be looked into after a call of their network.
protocol InspectableBuffers: AnyObject {
  var hiddenStates: [Matrix] { get }
  var mappedEmbeddings: Matrix { get }
  var headOutput: Matrix { get }
}

/// For tests and inspection, after a call of a network.
extension Workspace {
  private var inspectable: (any InspectableBuffers)? { owned as? any InspectableBuffers }

  /// The output of the embeddings, (T, E), then that of each layer; the last layer's has only the rows that were
  /// read.
  package var hiddenStates: [Matrix] { inspectable?.hiddenStates ?? [] }

  /// The embeddings at the model's width, (T, C), of models that bring them there.
  package var mappedEmbeddings: Matrix { inspectable?.mappedEmbeddings ?? Matrix(rows: 0, columns: 0) }

  /// What the output matrix was multiplied with, (B, E).
  package var headOutput: Matrix { inspectable?.headOutput ?? Matrix(rows: 0, columns: 0) }
}
