import Checkpoints
import Tensors

/// The top of a masked language model: dense, activation, LayerNorm, then the product with the output matrix.
struct MaskedHead: Sendable {
  private let dense: Linear
  private let activation: ActivationFunction
  private let norm: LayerNorm
  let decoder: Linear  // (V, C)

  struct Activations {
    var sum = Matrix(rows: 0, columns: 0)  // (B, C)
    var activated = Matrix(rows: 0, columns: 0)  // (B, C)
    var saved = LayerNorm.Saved()
    var output = Matrix(rows: 0, columns: 0)  // (B, C)
  }

  init(
    _ reader: inout WeightReader, _ configuration: ModelConfiguration, words: Matrix
  ) throws(CheckpointError) {
    let family = configuration.family
    let names = family.head
    let prefixes = family.headPrefixes
    let (v, c) = (configuration.vocabularySize, configuration.width)
    dense = try reader.linear(names.dense, under: prefixes, outputs: c, inputs: c)
    norm = try reader.layerNorm(names.layerNorm, under: prefixes, configuration)
    activation = family.headActivation(configuration)
    if configuration.tiesWordEmbeddings {
      decoder = Linear(
        weight: words, bias: try reader.matrix(names.bias, under: prefixes, rows: 1, columns: v))
    } else {
      // transformers 5 reads `decoder.bias` here and ignores the head's own bias; older files hold only the latter.
      let bias =
        reader.find("\(names.decoder).bias", under: prefixes) != nil ? "\(names.decoder).bias" : names.bias
      decoder = Linear(
        weight: try reader.matrix("\(names.decoder).weight", under: prefixes, rows: v, columns: c),
        bias: try reader.matrix(bias, under: prefixes, rows: 1, columns: v))
    }
  }

  /// What the output matrix is multiplied with; `x` is (B, C).
  func forward(_ x: Matrix, _ a: inout Activations) {
    a.sum.resize(rows: x.rows, columns: dense.outputs)
    dense.productForward(x, into: &a.sum)
    activation.forward(&a.sum, bias: dense.bias, into: &a.activated)
    norm.forward(a.activated, saving: &a.saved, into: &a.output)
  }

  /// The gradient of the head's input, from that of the logits: `dLogits` (B, V) and the decoder that made them.
  func backward(_ dLogits: Matrix, decoder: Linear, _ a: Activations, into dx: inout Matrix) {
    var gradient = Matrix(uninitializedRows: dLogits.rows, columns: dense.outputs)
    decoder.productBackward(dLogits, into: &gradient)
    norm.backward(gradient, a.saved, into: &gradient)
    activation.backward(a.sum, &gradient)
    dx.resize(rows: dLogits.rows, columns: dense.inputs)
    dense.productBackward(gradient, into: &dx)
  }
}
