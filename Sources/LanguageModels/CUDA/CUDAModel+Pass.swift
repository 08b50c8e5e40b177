import CUDA
import Tensors

/// One pass through the network, there and back.
extension CUDAModel {
  /// A batch whose integers are on the device.
  struct Pass {
    let batch: RaggedBatch
    let buffers: CUDABuffers
    let run: CUDARun
    let embeddings: CUDAEmbeddings.Rows
    /// By what ``RaggedBatch`` has for the layers: those that differ.
    let layers: [CUDARows]
    let decoder: CUDADecoder.Rows?

    /// What a layer works on.
    func rows(ofLayer index: Int, of count: Int) -> CUDARows {
      if layers.count == 1 { return layers[0] }
      if index == 0 { return layers[0] }
      return index == count - 1 ? layers[layers.count - 1] : layers[1]
    }
  }

  /// - Parameter others: adds what else kernels are to read
  func begin(
    _ inputs: ArraySlice<PromptedInput>, prompt: Matrix, _ workspace: Workspace, goesBack: Bool,
    others: (DeviceIndices) -> Void = { _ in }
  ) throws(DeviceError) -> Pass {
    let batch = RaggedBatch(inputs, isCausal: configuration.isCausal)
    precondition(!goesBack || batch.canGoBack, "there are no gradients through continuations that part")
    precondition(prompt.columns == embeddings.words.columns)
    let buffers = try CUDABuffers.of(workspace, device, precision)
    precondition(!goesBack || buffers.keepsLayers, "gradients need what the layers left")
    let indices = buffers.indices
    indices.removeAll()
    let embeddings = embeddings.rows(batch.embeddings, vectorCount: prompt.rows, indices)
    // Before a decoder, which looks at every token, no layer is the last one.
    let count = decoder == nil ? layers.count : .max
    let kinds = layers.count == 1 ? [0] : layers.count == 2 ? [0, 1] : [0, 1, layers.count - 1]
    let rows = kinds.map { index in
      CUDARows(
        batch.rows(ofLayer: index, of: count), rotaries: rotaries, goesBack: goesBack, indices
      ) { rotary, span in rotations.first(rotary, length: span.keys.count) }
    }
    let decoder = decoder?.rows(batch, goesBack: goesBack, indices)
    others(indices)
    try indices.send(buffers.queue.stream)
    try buffers.rotations.update(rotaries, from: rotations, buffers.queue)
    try buffers.queue.upload(prompt, to: buffers.prompt)
    return Pass(
      batch: batch, buffers: buffers,
      run: CUDARun(queue: buffers.queue, indices: indices, rotations: buffers.rotations),
      embeddings: embeddings, layers: rows, decoder: decoder)
  }

  /// What the output matrix is multiplied with.
  func read(_ pass: Pass) throws(DeviceError) -> DevicePair {
    let (buffers, run) = (pass.buffers, pass.run)
    var x = try embeddings.forward(pass.embeddings, prompt: buffers.prompt, run, buffers.embeddings)
    for index in layers.indices {
      let own = buffers.layer(index)
      try layers[index].forward(
        x, pass.rows(ofLayer: index, of: layers.count), run, own, buffers.layerScratch)
      x = own.output
    }
    if let decoder, let rows = pass.decoder {
      x = try decoder.forward(x, rows, embeddings, run, buffers.decoder)
    }
    let top = try head.forward(x, run, buffers.head)
    buffers.note(pass.batch, embeddings.states(buffers.embeddings), head: top.values)
    return top
  }

  func score(_ top: DevicePair, _ words: DeviceMap, _ pass: Pass) throws(DeviceError) {
    try score(top.operand, words, pass)
  }

  /// Leaves the words' logits in the buffers.
  func score(_ top: DeviceMatrix, _ words: DeviceMap, _ pass: Pass) throws(DeviceError) {
    try words.forward(top, into: pass.buffers.logits, pass.buffers.queue)
    if let cap = head.cap { try pass.buffers.queue.cap(pass.buffers.logits, at: cap) }
  }

  /// - Parameter loss: leaves losses and the gradient of the logits in the buffers
  func losses(
    _ pass: Pass, _ words: DeviceMap, loss: () throws(DeviceError) -> Void
  ) throws(DeviceError) -> (losses: [Float], gradient: Matrix) {
    let (buffers, run) = (pass.buffers, pass.run)
    try score(read(pass), words, pass)
    try loss()
    func input(_ index: Int) -> DevicePair {
      index == 0 ? embeddings.output(buffers.embeddings) : buffers.layer(index - 1).output
    }
    let last = input(layers.count)
    let top = decoder == nil ? last : buffers.decoder.output
    var d = try head.backward(buffers.dLogits, of: top, decoder: words, run, buffers.head)
    if let decoder, let rows = pass.decoder {
      d = try decoder.backward(last, rows, dOutput: d, run, buffers.decoder)
    }
    var (next, other) = (buffers.gradient, buffers.nextGradient)
    for index in layers.indices.reversed() {
      try layers[index].backward(
        input(index), pass.rows(ofLayer: index, of: layers.count), run, buffers.layer(index), dOutput: d,
        dx: next, buffers.layerScratch)
      (d, next, other) = (next, other, next)
    }
    try embeddings.backward(pass.embeddings, dOutput: d, run, buffers.embeddings, into: buffers.dPrompt)
    let losses = try buffers.queue.download(buffers.losses).elements
    var gradient = try buffers.queue.download(buffers.dPrompt)
    if gradientScale != 1 { gradient.scale(by: 1 / gradientScale) }
    return (losses, gradient)
  }

  /// What gradients are multiplied by on their way back, so that Float16, whose least number is 6e-8, keeps small ones.
  var gradientScale: Float { precision == .f16 ? 256 : 1 }
}
