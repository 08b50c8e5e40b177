import Checkpoints
import Formats
import Foundation
import Tensors

/// A frozen language model: scores of the words at one position of each sequence (the mask, or the end of a causal model's
/// input), and gradients of the prompt that is spliced into its input.
///
/// Weights are never written. One model serves any number of threads, each with a `Workspace` of its own.
public struct FrozenModel: Sendable {
  public let folder: URL
  public let configuration: ModelConfiguration
  /// The word-embedding table, (V, E): the space that prompts live in.
  public let embeddingTable: EmbeddingTable
  /// Tensors of the checkpoint that the model has no use for (poolers, position ids, …).
  public let unusedTensors: [String]
  private let embeddings: EmbeddingLayer
  private let layers: [TransformerLayer]
  private let head: LanguageHead

  /// Loads the folder of a checkpoint, all or nothing.
  public init(folder: URL) throws(CheckpointError) {
    // The family first: of one that cannot be run, weights need not be there.
    let file = folder.appendingPathComponent("config.json")
    _ = try ModelFamily(configuration: JSON(contentsOf: file), file: file)
    try self.init(Checkpoint(folder: folder))
  }

  public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
    folder = checkpoint.folder
    configuration = try ModelConfiguration(checkpoint)
    let architecture = configuration.family.architecture
    embeddingTable = try EmbeddingTable(checkpoint)
    var reader = WeightReader(checkpoint, layout: architecture.weightLayout)
    embeddings = try EmbeddingLayer(&reader, configuration)
    var shared: [String: TransformerLayer] = [:]
    var layers: [TransformerLayer] = []
    for index in 0..<configuration.layerCount {
      let place = configuration.weights(of: index)
      let prefix = architecture.layerPrefix(place.group, place.inner)
      if shared[prefix] == nil {
        shared[prefix] = try TransformerLayer(prefix: prefix, &reader, configuration)
      }
      if let layer = shared[prefix] { layers.append(layer) }
    }
    self.layers = layers
    head = try LanguageHead(&reader, configuration, words: embeddings.words)
    unusedTensors = reader.unused
  }

  /// Lays the weights out for the products to come, in parallel; else each is when it is first used.
  /// - Parameter gradients: whether gradients will be asked for as well
  public func prepare(gradients: Bool, parallelism: Parallelism) {
    let maps = layers.flatMap(\.maps) + head.maps + embeddings.maps + (gradients ? [head.decoder] : [])
    parallelism.forEach(maps.count) { _, index in maps[index].prepare(gradients: gradients) }
  }

  /// The output matrix and bias of some words only, so that scoring them costs no more than it must.
  public func candidates(_ ids: [Int]) -> CandidateHead {
    CandidateHead(
      decoder: Linear(
        rows: ids, of: head.weight,
        bias: Matrix(rows: 1, columns: ids.count, ids.map { head.decoder.bias[0, $0] })))
  }

  /// Every word of the vocabulary.
  public var allWords: CandidateHead { CandidateHead(decoder: head.decoder) }

  /// The logits of the candidates at the position that is read, (B, candidates).
  public func logits(
    _ inputs: ArraySlice<PromptedInput>, prompt: Matrix, candidates: CandidateHead, _ workspace: Workspace
  ) -> Matrix {
    score(RaggedBatch(inputs), prompt: prompt, candidates: candidates, workspace)
    return workspace.logits
  }

  /// The cross-entropy of each label at the position that is read, and the gradient of `scale` times their sum.
  /// - Parameters:
  ///   - labels: columns of `candidates`
  ///   - gradient: (P, E), overwritten
  public func lossAndGradient(
    _ inputs: ArraySlice<PromptedInput>, labels: ArraySlice<Int>, prompt: Matrix,
    candidates: CandidateHead, scale: Float, gradient: inout Matrix, _ workspace: Workspace
  ) -> [Float] {
    lossAndGradient(
      inputs, labels: Array(labels), scales: inputs.map { _ in scale }, prompt: prompt,
      candidates: candidates, gradient: &gradient, workspace)
  }

  /// The same with a scale for each sequence.
  func lossAndGradient(
    _ inputs: ArraySlice<PromptedInput>, labels: [Int], scales: [Float], prompt: Matrix,
    candidates: CandidateHead, gradient: inout Matrix, _ workspace: Workspace
  ) -> [Float] {
    let batch = RaggedBatch(inputs)
    score(batch, prompt: prompt, candidates: candidates, workspace)
    let losses = CrossEntropy.forwardBackward(&workspace.logits, labels: labels, scales: scales)
    backward(batch, prompt: prompt, candidates: candidates, gradient: &gradient, workspace)
    return losses
  }

  /// The divergence `KL(q | softmax(logits / T))` of each sequence, and the gradient of `scale` times their sum.
  /// - Parameters:
  ///   - targets: the distributions `q` over `candidates`, (B, candidates)
  ///   - gradient: (P, E), overwritten
  public func lossAndGradient(
    _ inputs: ArraySlice<PromptedInput>, targets: Matrix, temperature: Float, prompt: Matrix,
    candidates: CandidateHead, scale: Float, gradient: inout Matrix, _ workspace: Workspace
  ) -> [Float] {
    let batch = RaggedBatch(inputs)
    score(batch, prompt: prompt, candidates: candidates, workspace)
    let losses = Divergence.forwardBackward(
      &workspace.logits, targets: targets, temperature: temperature, scale: scale)
    backward(batch, prompt: prompt, candidates: candidates, gradient: &gradient, workspace)
    return losses
  }

  /// From the gradient of the logits, which the workspace holds, to that of the prompt.
  private func backward(
    _ batch: RaggedBatch, prompt: Matrix, candidates: CandidateHead, gradient: inout Matrix,
    _ workspace: Workspace
  ) {
    precondition(workspace.keepsLayers, "gradients need what the layers left")
    head.backward(
      workspace.logits, decoder: candidates.decoder, workspace.head, &workspace.nextGradient,
      into: &workspace.gradient)
    for index in layers.indices.reversed() {
      layers[index].backward(
        batch.rows(ofLayer: index, of: layers.count), workspace.layers[index], dOutput: workspace.gradient,
        dx: &workspace.nextGradient, &workspace.scratch)
      swap(&workspace.gradient, &workspace.nextGradient)
    }
    gradient.resize(rows: prompt.rows, columns: prompt.columns)
    gradient.fill(0)
    embeddings.backward(
      batch.embeddings, workspace.embeddings, dOutput: &workspace.gradient, &workspace.nextGradient,
      addingTo: &gradient)
  }

  /// Leaves the candidates' logits in the workspace.
  private func score(
    _ batch: RaggedBatch, prompt: Matrix, candidates: CandidateHead, _ workspace: Workspace
  ) {
    workspace.prepare(batch, layerCount: layers.count)
    embeddings.forward(batch.embeddings, prompt: prompt, &workspace.embeddings)
    for index in layers.indices {
      let (last, place) = (workspace.place(of: index - 1), workspace.place(of: index))
      let x = index == 0 ? embeddings.output(workspace.embeddings) : workspace.layers[last].output
      layers[index].forward(
        x, batch.rows(ofLayer: index, of: layers.count), &workspace.layers[place], &workspace.scratch)
    }
    head.forward(workspace.layers[workspace.place(of: layers.count - 1)].output, &workspace.head)
    workspace.logits.resize(rows: batch.inputs.count, columns: candidates.decoder.outputs)
    candidates.decoder.forward(workspace.head.output, into: &workspace.logits)
  }
}

/// The rows of the output matrix that are scored.
public struct CandidateHead: Sendable {
  let decoder: Linear  // (candidates, E)
  public var count: Int { decoder.outputs }

  /// Lays them out for the products to come, which else the first of them does.
  public func prepare() { decoder.prepare(gradients: false) }
}

/// One worker's buffers, reused from batch to batch. Not for two threads at a time.
public final class Workspace {
  var embeddings = EmbeddingLayer.Activations()
  var layers: [TransformerLayer.Activations] = []
  var head = LanguageHead.Activations()
  var scratch = TransformerLayer.Scratch()
  var gradient = Matrix(rows: 0, columns: 0)
  var nextGradient = Matrix(rows: 0, columns: 0)
  var logits = Matrix(rows: 0, columns: 0)
  private var rowOfToken: [Int] = []
  let keepsLayers: Bool

  /// - Parameter keepsLayers: whether every layer's activations are kept, which gradients need; else layers take turns with
  ///   two places
  public init(keepsLayers: Bool = true) { self.keepsLayers = keepsLayers }

  func prepare(_ batch: RaggedBatch, layerCount: Int) {
    rowOfToken = batch.embeddings.rowOfToken
    let placeCount = keepsLayers ? layerCount : 2
    while layers.count < placeCount { layers.append(TransformerLayer.Activations()) }
  }

  /// Where a layer's activations are.
  func place(of layer: Int) -> Int { keepsLayers ? layer : layer & 1 }

  /// The output of the embeddings, (T, E), then that of each layer; the last layer's has only the rows that were
  /// read. For tests and inspection.
  package var hiddenStates: [Matrix] {
    [embeddings.normalized.gathering(rowOfToken)] + layers.map(\.output)
  }

  /// The embeddings at the model's width, (T, C), of models that bring them there. For tests and inspection.
  package var mappedEmbeddings: Matrix {
    embeddings.mapped.rows == 0 ? embeddings.mapped : embeddings.mapped.gathering(rowOfToken)
  }

  /// What the output matrix was multiplied with, (B, E). For tests and inspection.
  package var headOutput: Matrix { head.output }
}
