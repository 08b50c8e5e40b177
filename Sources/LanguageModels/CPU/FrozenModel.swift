import Checkpoints
import Formats
import Foundation
import Tensors

/// The network on the CPU: weights never written, laid out once for our products.
public struct FrozenModel: Network {
  public let folder: URL
  public let configuration: ModelConfiguration
  public let embeddingTable: EmbeddingTable
  public let unusedTensors: [String]
  public let precision: Precision
  private let embeddings: CPUEmbeddings
  private let layers: [CPULayer]
  private let decoder: CPUDecoder?
  private let head: CPUHead

  /// Loads the folder of a checkpoint or a GGUF file, all or nothing.
  public init(folder: URL, precision: PrecisionChoice = .f32) throws(CheckpointError) {
    try self.init(Checkpoint(runnable: folder), precision: precision)
  }

  public init(_ checkpoint: Checkpoint, precision: PrecisionChoice = .f32) throws(CheckpointError) {
    folder = checkpoint.folder
    let model = try CheckpointModel(checkpoint)
    let composition = model.composition
    (configuration, embeddingTable) = (composition.configuration, model.embeddingTable)
    self.precision = try precision.precision(of: checkpoint)
    var reader = model.reader(self.precision)
    embeddings = try CPUEmbeddings(
      composition.embeddings, scale: Float(embeddingTable.inputScale), &reader)
    let rotations = RotationStore()
    var shared: [String: CPULayer] = [:]
    var layers: [CPULayer] = []
    for block in composition.layers {
      if shared[block.id] == nil { shared[block.id] = try CPULayer(block, &reader, rotations) }
      if let layer = shared[block.id] { layers.append(layer) }
    }
    self.layers = layers
    decoder = try composition.decoder.map { (block) throws(CheckpointError) in
      try CPUDecoder(block, &reader, rotations)
    }
    head = try CPUHead(
      composition.head, &reader, words: embeddings.words, table: composition.embeddings.words)
    unusedTensors = reader.unused
  }

  public var keepsSequencesApart: Bool { Linear.keepsRowsApart }

  public func prepare(gradientsOf candidates: CandidateHead?, parallelism: Parallelism) {
    let maps =
      layers.flatMap(\.maps) + (decoder?.maps ?? []) + head.maps + embeddings.maps
      + (candidates.map { [words($0)] } ?? [])
    parallelism.forEach(maps.count) { _, index in maps[index].prepare(gradients: candidates != nil) }
  }

  public func candidates(_ ids: [Int]) -> CandidateHead {
    let bias = Matrix(rows: 1, columns: ids.count, ids.map { head.decoder.bias[0, $0] })
    let decoder = Linear(
      rows: ids, of: head.weight, bias: bias, precision: precision, laidOutUpTo: Self.candidateSize)
    return CandidateHead(CPUCandidates(decoder: decoder), count: ids.count)
  }

  /// 64 MB of Float32.
  private static let candidateSize = 1 << 24

  public var allWords: CandidateHead {
    CandidateHead(CPUCandidates(decoder: head.decoder), count: head.decoder.outputs)
  }

  public func logits(
    _ inputs: ArraySlice<PromptedInput>, prompt: Matrix, candidates: CandidateHead, _ workspace: Workspace
  ) -> Matrix {
    let buffers = CPUBuffers.of(workspace)
    score(batch(inputs), prompt: prompt, candidates, buffers)
    return buffers.logits
  }

  public func logProbabilities(
    of tokens: ArraySlice<[PredictedToken]>, after inputs: ArraySlice<PromptedInput>, prompt: Matrix,
    _ workspace: Workspace
  ) -> [[Float]] {
    let buffers = CPUBuffers.of(workspace)
    read(batch(inputs), prompt: prompt, buffers)
    // Some at a time: all of them with the whole vocabulary are too much to keep.
    var results = tokens.map { [Float](repeating: 0, count: $0.count) }
    for block in AskedPredictions(tokens, of: inputs).blocks(of: Self.predictionsAtOnce) {
      buffers.scratch.projected.gather(block.map(\.row), of: buffers.head.output)
      buffers.logits.resize(rows: block.count, columns: head.decoder.outputs)
      head.decoder.forward(buffers.scratch.projected, into: &buffers.logits)
      head.cap?.forward(&buffers.logits)
      let values = block.map { $0.asked.map(\.token) }
      for (row, found) in zip(block, Softmax.logProbabilities(&buffers.logits, of: values)) {
        for (asked, value) in zip(row.asked, found) { results[asked.input][asked.place] = value }
      }
    }
    return results
  }

  /// As many rows of weights as are widened are worth their while, and few enough for a vocabulary of 262,144 words.
  private static let predictionsAtOnce = 64

  public func lossesAndGradients(
    _ groups: [TaughtGroup], candidates: CandidateHead, _ workspace: Workspace
  ) -> [(losses: [Float], gradient: Matrix)] {
    let joined = JoinedGroups(groups)
    var gradient = Matrix(rows: 0, columns: 0)
    let losses = losses(
      batch(joined.inputs[...]), prompt: joined.prompt, candidates, gradient: &gradient, workspace
    ) { logits in
      switch joined.target {
      case .labels(let labels):
        CrossEntropy.forwardBackward(&logits, labels: labels, scales: joined.scales)
      case .distributions(let targets, let temperature):
        Divergence.forwardBackward(
          &logits, targets: targets, temperature: temperature, scales: joined.scales)
      }
    }
    return joined.apart(losses, gradient)
  }

  private func batch(_ inputs: ArraySlice<PromptedInput>) -> RaggedBatch {
    RaggedBatch(inputs, isCausal: configuration.isCausal)
  }

  /// - Parameter loss: leaves in the logits their gradient
  private func losses(
    _ batch: RaggedBatch, prompt: Matrix, _ candidates: CandidateHead, gradient: inout Matrix,
    _ workspace: Workspace, loss: (inout Matrix) -> [Float]
  ) -> [Float] {
    let buffers = CPUBuffers.of(workspace)
    precondition(batch.canGoBack, "there are no gradients through continuations that part")
    score(batch, prompt: prompt, candidates, buffers)
    if head.cap != nil { buffers.cappedLogits.copy(buffers.logits) }
    let losses = loss(&buffers.logits)
    head.cap?.backward(buffers.cappedLogits, &buffers.logits)
    backward(batch, prompt: prompt, candidates, gradient: &gradient, buffers)
    return losses
  }

  /// From the gradient of the logits, which the buffers hold, to that of the prompt.
  private func backward(
    _ batch: RaggedBatch, prompt: Matrix, _ candidates: CandidateHead, gradient: inout Matrix,
    _ buffers: CPUBuffers
  ) {
    precondition(buffers.keepsLayers, "gradients need what the layers left")
    head.backward(
      buffers.logits, decoder: words(candidates), buffers.head, &buffers.nextGradient,
      into: &buffers.gradient)
    decoder?.backward(&buffers.decoder, &buffers.gradient)
    for index in layers.indices.reversed() {
      layers[index].backward(
        rows(batch, index), buffers.layers[index], dOutput: buffers.gradient,
        dx: &buffers.nextGradient, &buffers.scratch)
      swap(&buffers.gradient, &buffers.nextGradient)
    }
    gradient.resize(rows: prompt.rows, columns: prompt.columns)
    gradient.fill(0)
    embeddings.backward(
      batch.embeddings, buffers.embeddings, dOutput: &buffers.gradient, &buffers.nextGradient,
      addingTo: &gradient)
  }

  /// Leaves the candidates' logits in the buffers.
  private func score(
    _ batch: RaggedBatch, prompt: Matrix, _ candidates: CandidateHead, _ buffers: CPUBuffers
  ) {
    let words = words(candidates)
    read(batch, prompt: prompt, buffers)
    buffers.logits.resize(rows: batch.readCount, columns: words.outputs)
    words.forward(buffers.head.output, into: &buffers.logits)
    head.cap?.forward(&buffers.logits)
  }

  /// Leaves in the buffers what the output matrix is multiplied with.
  private func read(_ batch: RaggedBatch, prompt: Matrix, _ buffers: CPUBuffers) {
    buffers.prepare(batch, layerCount: layers.count)
    embeddings.forward(batch.embeddings, prompt: prompt, &buffers.embeddings)
    for index in layers.indices {
      let (last, place) = (buffers.place(of: index - 1), buffers.place(of: index))
      let x = index == 0 ? embeddings.output(buffers.embeddings) : buffers.layers[last].output
      layers[index].forward(x, rows(batch, index), &buffers.layers[place], &buffers.scratch)
    }
    let read = buffers.layers[buffers.place(of: layers.count - 1)].output
    decoder?.forward(read, batch, embeddings, &buffers.decoder)
    head.forward(decoder == nil ? read : buffers.decoder.output, &buffers.head)
  }

  /// What a layer works on. Before a decoder, which looks at every token, no layer is the last one.
  private func rows(_ batch: RaggedBatch, _ layer: Int) -> LayerRows {
    batch.rows(ofLayer: layer, of: decoder == nil ? layers.count : .max)
  }

  private func words(_ candidates: CandidateHead) -> Linear {
    guard let own = candidates.content as? CPUCandidates else {
      preconditionFailure("the candidates are of another kind of network")
    }
    return own.decoder
  }
}

/// The rows of the output matrix that are scored.
private struct CPUCandidates: CandidateContent {
  let decoder: Linear  // (candidates, E)

  func prepare() { decoder.prepare(gradients: false) }
}
