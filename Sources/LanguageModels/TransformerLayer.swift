import Checkpoints
import Tensors

/// One layer: attention and feed-forward, each with a residual and a LayerNorm, which stands after the residual's sum
/// (BERT) or before the part (GPT-2).
struct TransformerLayer: Sendable {
  private let attention: SelfAttention
  private let attentionNorm: LayerNorm
  private let feedForward: FeedForward
  private let outputNorm: LayerNorm
  private let normalizesFirst: Bool

  var maps: [Linear] { attention.maps + feedForward.maps }

  /// What a forward leaves for the backward. Q is the number of rows that go on, R that of the input's rows.
  struct Activations {
    var normalizedInput = Matrix(rows: 0, columns: 0)  // (R, C), norms first only
    var attention = SelfAttention.Activations()
    var attentionSaved = LayerNorm.Saved()
    var middle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var normalizedMiddle = Matrix(rows: 0, columns: 0)  // (Q, C), norms first only
    var feedForward = FeedForward.Activations()
    var outputSaved = LayerNorm.Saved()
    var output = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  /// Buffers shared by all layers.
  struct Scratch {
    var attention = SelfAttention.Scratch()
    var residual = Matrix(rows: 0, columns: 0)  // (Q, C)
    var normalizedResidual = Matrix(rows: 0, columns: 0)  // (Q, C), norms first only
    var projected = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dMiddle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dPart = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dInner = Matrix(rows: 0, columns: 0)  // (Q, I)
  }

  init(
    prefix: String, _ reader: inout WeightReader, _ configuration: ModelConfiguration
  ) throws(CheckpointError) {
    let architecture = configuration.family.architecture
    let names = architecture.layer
    let prefixes = architecture.bodyPrefixes.map { $0 + prefix }
    let (width, epsilon) = (configuration.width, configuration.layerNormEpsilon)
    attention = try SelfAttention(names, under: prefixes, &reader, configuration)
    attentionNorm = try reader.layerNorm(names.attentionNorm, under: prefixes, width: width, epsilon: epsilon)
    feedForward = try FeedForward(names, under: prefixes, &reader, configuration)
    outputNorm = try reader.layerNorm(names.outputNorm, under: prefixes, width: width, epsilon: epsilon)
    normalizesFirst = architecture.normalizesFirst
  }

  /// - Parameter x: (R, C)
  func forward(_ x: Matrix, _ rows: LayerRows, _ a: inout Activations, _ scratch: inout Scratch) {
    if let residual = rows.residual { scratch.residual.gather(residual, of: x) }
    let residual = rows.residual == nil ? x : scratch.residual
    if normalizesFirst {
      attentionNorm.forward(x, saving: &a.attentionSaved, into: &a.normalizedInput)
      if let places = rows.residual { scratch.normalizedResidual.gather(places, of: a.normalizedInput) }
      attention.forward(
        a.normalizedInput, residual: rows.residual == nil ? a.normalizedInput : scratch.normalizedResidual,
        rows, &a.attention, &scratch.attention, into: &scratch.projected)
      attention.output.addBias(to: &scratch.projected)
      a.middle.copy(residual)
      a.middle.scatterAdd(scratch.projected)
      outputNorm.forward(a.middle, saving: &a.outputSaved, into: &a.normalizedMiddle)
      feedForward.forward(a.normalizedMiddle, &a.feedForward, into: &scratch.projected)
      feedForward.output.addBias(to: &scratch.projected)
      a.output.copy(a.middle)
      a.output.scatterAdd(scratch.projected)
    } else {
      attention.forward(
        x, residual: residual, rows, &a.attention, &scratch.attention, into: &scratch.projected)
      attentionNorm.forward(
        scratch.projected, bias: attention.output.bias, residual: residual, saving: &a.attentionSaved,
        into: &a.middle)
      feedForward.forward(a.middle, &a.feedForward, into: &scratch.projected)
      outputNorm.forward(
        scratch.projected, bias: feedForward.output.bias, residual: a.middle, saving: &a.outputSaved,
        into: &a.output)
    }
  }

  /// - Parameters:
  ///   - dOutput: (Q, C)
  ///   - dx: (`rows.height`, C), overwritten; may not be `dOutput`
  func backward(
    _ rows: LayerRows, _ a: Activations, dOutput: Matrix, dx: inout Matrix, _ scratch: inout Scratch
  ) {
    if normalizesFirst {
      scratch.dPart.copy(dOutput)
      feedForward.backward(&scratch.dPart, a.feedForward, dInner: &scratch.dInner, isAdding: false)
      outputNorm.backward(scratch.dPart, a.outputSaved, into: &scratch.dMiddle)
      scratch.dMiddle.scatterAdd(dOutput)
      attention.backward(scratch.dMiddle, rows, a.attention, dx: &dx, &scratch.attention)
      attentionNorm.backward(&dx, a.attentionSaved)
      dx.scatterAdd(scratch.dMiddle, to: rows.residual)
    } else {
      outputNorm.backward(dOutput, a.outputSaved, into: &scratch.dMiddle)
      feedForward.backward(&scratch.dMiddle, a.feedForward, dInner: &scratch.dInner, isAdding: true)
      attentionNorm.backward(scratch.dMiddle, a.attentionSaved, into: &scratch.dPart)
      attention.backward(scratch.dPart, rows, a.attention, dx: &dx, &scratch.attention)
      dx.scatterAdd(scratch.dPart, to: rows.residual)
    }
  }
}
