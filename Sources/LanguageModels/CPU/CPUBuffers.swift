import Tensors

/// What the network on the CPU keeps in a workspace.
final class CPUBuffers {
  var embeddings = CPUEmbeddings.Activations()
  var layers: [CPULayer.Activations] = []
  var decoder = CPUDecoder.Activations()
  var head = CPUHead.Activations()
  var scratch = CPULayer.Scratch()
  var gradient = Matrix(rows: 0, columns: 0)
  var nextGradient = Matrix(rows: 0, columns: 0)
  var logits = Matrix(rows: 0, columns: 0)  // (B, candidates)
  /// Where logits are capped and gradients asked for.
  var cappedLogits = Matrix(rows: 0, columns: 0)  // (B, candidates)
  fileprivate var rowOfToken: [Int] = []
  let keepsLayers: Bool

  private init(keepsLayers: Bool) { self.keepsLayers = keepsLayers }

  static func of(_ workspace: Workspace) -> CPUBuffers {
    workspace.buffers { CPUBuffers(keepsLayers: workspace.keepsLayers) }
  }

  func prepare(_ batch: RaggedBatch, layerCount: Int) {
    rowOfToken = batch.embeddings.rowOfToken
    let placeCount = keepsLayers ? layerCount : 2
    while layers.count < placeCount { layers.append(CPULayer.Activations()) }
  }

  /// Where a layer's activations are.
  func place(of layer: Int) -> Int { keepsLayers ? layer : layer & 1 }
}

/// For tests and inspection, after a call of the network on the CPU.
extension Workspace {
  /// The output of the embeddings, (T, E), then that of each layer; the last layer's has only the rows that were
  /// read.
  package var hiddenStates: [Matrix] {
    let own = CPUBuffers.of(self)
    return [own.embeddings.normalized.gathering(own.rowOfToken)] + own.layers.map(\.output)
  }

  /// The embeddings at the model's width, (T, C), of models that bring them there.
  package var mappedEmbeddings: Matrix {
    let own = CPUBuffers.of(self)
    return own.embeddings.mapped.rows == 0
      ? own.embeddings.mapped : own.embeddings.mapped.gathering(own.rowOfToken)
  }

  /// What the output matrix was multiplied with, (B, E).
  package var headOutput: Matrix { CPUBuffers.of(self).head.output }
}
