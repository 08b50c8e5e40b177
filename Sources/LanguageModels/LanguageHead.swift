import Checkpoints
import Tensors

/// The top of the model: a last norm, or dense map, activation and norm, then the product with the output matrix.
struct LanguageHead: Sendable {
  private struct Transform: Sendable {
    let dense: Linear  // C to E
    let activation: ActivationFunction
    let norm: LayerNorm
  }

  private let transform: Transform?
  private let finalNorm: LayerNorm?
  /// The output matrix, (V, E), and as a map with its bias.
  let weight: Matrix
  let decoder: Linear

  /// Its maps but the decoder, of which often only some words are wanted.
  var maps: [Linear] { transform.map { [$0.dense] } ?? [] }

  struct Activations {
    var sum = Matrix(rows: 0, columns: 0)  // (B, E)
    var activated = Matrix(rows: 0, columns: 0)  // (B, E)
    var saved = LayerNorm.Saved()
    var output = Matrix(rows: 0, columns: 0)  // (B, E)
  }

  init(
    _ reader: inout WeightReader, _ configuration: ModelConfiguration, words: Matrix
  ) throws(CheckpointError) {
    let architecture = configuration.family.architecture
    let names = architecture.head
    let prefixes = architecture.headPrefixes
    let (v, c, e) = (configuration.vocabularySize, configuration.width, configuration.embeddingWidth)
    if let (dense, norm) = names.transform {
      transform = Transform(
        dense: try reader.linear(dense, under: prefixes, outputs: e, inputs: c),
        activation: names.fixedActivation ?? configuration.activation,
        norm: try reader.layerNorm(
          norm, under: prefixes, width: e, epsilon: configuration.layerNormEpsilon))
    } else {
      transform = nil
    }
    finalNorm = try names.finalNorm.map { (name) throws(CheckpointError) in
      try reader.layerNorm(
        name, under: architecture.bodyPrefixes, width: c, epsilon: configuration.layerNormEpsilon)
    }
    let isStored = reader.find("\(names.decoder).weight", under: prefixes) != nil
    var weight = words
    if isStored || !configuration.tiesWordEmbeddings {
      weight = try reader.matrix("\(names.decoder).weight", under: prefixes, rows: v, columns: e)
    }
    // Two that differ are not tied, whatever the configuration says (transformers 5, `tie_weights`).
    let isTied = configuration.tiesWordEmbeddings && weight == words
    if isTied { weight = words }
    var bias = Matrix(rows: 1, columns: v)
    if var name = names.bias {
      // Untied, transformers 5 reads `decoder.bias` and ignores the head's own; older files hold only the latter.
      if !isTied, reader.find("\(names.decoder).bias", under: prefixes) != nil {
        name = "\(names.decoder).bias"
      }
      bias = try reader.matrix(name, under: prefixes, rows: 1, columns: v)
    }
    self.weight = weight
    decoder = Linear(weight: weight, bias: bias)
  }

  /// What the output matrix is multiplied with; `x` is (B, C).
  func forward(_ x: Matrix, _ a: inout Activations) {
    if let finalNorm { finalNorm.forward(x, saving: &a.saved, into: &a.output) }
    if let transform {
      a.sum.resize(rows: x.rows, columns: transform.dense.outputs)
      transform.dense.productForward(x, into: &a.sum)
      transform.activation.forward(&a.sum, bias: transform.dense.bias, into: &a.activated)
      transform.norm.forward(a.activated, saving: &a.saved, into: &a.output)
    }
  }

  /// The gradient of the head's input, from that of the logits: `dLogits` (B, candidates) and the decoder that made
  /// them.
  func backward(
    _ dLogits: Matrix, decoder: Linear, _ a: Activations, _ scratch: inout Matrix, into dx: inout Matrix
  ) {
    dx.resize(rows: dLogits.rows, columns: decoder.inputs)
    decoder.backward(dLogits, into: &dx)
    if let finalNorm { finalNorm.backward(&dx, a.saved) }
    if let transform {
      transform.norm.backward(&dx, a.saved)
      transform.activation.backward(a.sum, &dx)
      scratch.resize(rows: dx.rows, columns: transform.dense.inputs)
      transform.dense.backward(dx, into: &scratch)
      swap(&dx, &scratch)
    }
  }
}
