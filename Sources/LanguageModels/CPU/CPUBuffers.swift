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
    workspace.known(as: CPUBuffers.self) ?? workspace.keep(CPUBuffers(keepsLayers: workspace.keepsLayers))
  }

  func prepare(_ batch: RaggedBatch, layerCount: Int) {
    rowOfToken = batch.embeddings.rowOfToken
    let placeCount = keepsLayers ? layerCount : 2
    while layers.count < placeCount { layers.append(CPULayer.Activations()) }
  }

  /// Where a layer's activations are.
  func place(of layer: Int) -> Int { keepsLayers ? layer : layer & 1 }
}

extension CPUBuffers: InspectableBuffers {
  var hiddenStates: [Matrix] { [embeddings.normalized.gathering(rowOfToken)] + layers.map(\.output) }

  var mappedEmbeddings: Matrix {
    embeddings.mapped.rows == 0 ? embeddings.mapped : embeddings.mapped.gathering(rowOfToken)
  }

  var headOutput: Matrix { head.output }
}
