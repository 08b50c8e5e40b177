import CUDA
import Tensors

/// What a network on a device keeps in a workspace: a queue of its own, and the buffers of its layers.
final class CUDABuffers {
  let queue: DeviceQueue
  let indices: DeviceIndices
  let rotations = CUDARotationCopies()
  let embeddings: CUDAEmbeddings.Activations
  private var layers: [CUDALayer.Activations] = []
  let layerScratch: CUDALayer.Scratch
  let decoder: CUDADecoder.Activations
  let head: CUDAHead.Activations
  let prompt, gradient, nextGradient, dPrompt: DeviceMatrix
  let logits, scales, losses, targets, picked: DeviceMatrix
  let dLogits, chosen: DeviceMatrix
  let keepsLayers: Bool
  fileprivate var rowOfToken: [Int] = []
  fileprivate var states: (embeddings: DeviceMatrix, mapped: DeviceMatrix?, head: DeviceMatrix)?

  private init(_ queue: DeviceQueue, keepsLayers: Bool) {
    (self.queue, self.keepsLayers) = (queue, keepsLayers)
    indices = DeviceIndices(queue.device)
    embeddings = CUDAEmbeddings.Activations(queue)
    layerScratch = CUDALayer.Scratch(queue)
    decoder = CUDADecoder.Activations(queue)
    head = CUDAHead.Activations(queue)
    (prompt, gradient, nextGradient, dPrompt) = (
      queue.floats(), queue.floats(), queue.floats(), queue.floats()
    )
    (logits, scales, losses, targets, picked) = (
      queue.floats(), queue.floats(), queue.floats(), queue.floats(), queue.floats()
    )
    (dLogits, chosen) = (queue.operands(), queue.operands())
  }

  static func of(
    _ workspace: Workspace, _ device: any Device, _ precision: Precision
  ) throws(DeviceError) -> CUDABuffers {
    let known = workspace.known(as: CUDABuffers.self)
    if let known, known.queue.device === device, known.queue.precision == precision { return known }
    let made = CUDABuffers(try DeviceQueue(device, precision), keepsLayers: workspace.keepsLayers)
    return workspace.keep(made)
  }

  /// A layer's activations: all layers', or two that take turns.
  func layer(_ index: Int) -> CUDALayer.Activations {
    let place = keepsLayers ? index : index & 1
    while layers.count <= place { layers.append(CUDALayer.Activations(queue)) }
    return layers[place]
  }

  func note(
    _ batch: RaggedBatch, _ embeddings: (embeddings: DeviceMatrix, mapped: DeviceMatrix?), head: DeviceMatrix
  ) {
    rowOfToken = batch.embeddings.rowOfToken
    states = (embeddings.embeddings, embeddings.mapped, head)
  }
}

extension CUDABuffers: InspectableBuffers {
  var hiddenStates: [Matrix] {
    guard let states, let embeddings = try? queue.download(states.embeddings) else { return [] }
    return [embeddings.gathering(rowOfToken)]
      + layers.compactMap { try? queue.download($0.output.values) }
  }

  var mappedEmbeddings: Matrix {
    guard let mapped = states?.mapped, let found = try? queue.download(mapped) else {
      return Matrix(rows: 0, columns: 0)
    }
    return found.gathering(rowOfToken)
  }

  var headOutput: Matrix {
    states.flatMap { try? queue.download($0.head) } ?? Matrix(rows: 0, columns: 0)
  }
}
