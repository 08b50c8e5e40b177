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

  /// What a forward leaves for the backward. Q is the number of query rows, T that of tokens.
  struct Activations {
    var normalizedInput = Matrix(rows: 0, columns: 0)  // (T, C), norms first only
    var attention = SelfAttention.Activations()
    var attentionSaved = LayerNorm.Saved()
    var middle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var normalizedMiddle = Matrix(rows: 0, columns: 0)  // (Q, C), norms first only
    var feedForward = FeedForward.Activations()
    var outputSaved = LayerNorm.Saved()
    var projected = Matrix(rows: 0, columns: 0)  // (Q, C)
    var output = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  /// Gradients on their way down, shared by all layers.
  struct Gradients {
    var attention = SelfAttention.Gradients()
    var dMiddle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dPart = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dRows = Matrix(rows: 0, columns: 0)  // (Q, C)
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

  /// - Parameters:
  ///   - x: (T, C)
  ///   - onlyRead: whether only the rows that are read go on
  func forward(_ x: Matrix, _ batch: RaggedBatch, onlyRead: Bool, _ a: inout Activations) {
    let spans = onlyRead ? batch.readSpans : batch.fullSpans
    let rows = onlyRead ? x.gathering(batch.readRows) : x
    if normalizesFirst {
      attentionNorm.forward(x, saving: &a.attentionSaved, into: &a.normalizedInput)
      attention.forward(
        a.normalizedInput,
        rows: onlyRead ? a.normalizedInput.gathering(batch.readRows) : a.normalizedInput, spans: spans,
        &a.attention, into: &a.projected)
      attention.output.addBias(to: &a.projected)
      a.middle.copy(rows)
      a.middle.add(a.projected)
      outputNorm.forward(a.middle, saving: &a.outputSaved, into: &a.normalizedMiddle)
      feedForward.forward(a.normalizedMiddle, &a.feedForward, into: &a.projected)
      feedForward.output.addBias(to: &a.projected)
      a.output.copy(a.middle)
      a.output.add(a.projected)
    } else {
      attention.forward(x, rows: rows, spans: spans, &a.attention, into: &a.projected)
      attentionNorm.forward(
        a.projected, bias: attention.output.bias, residual: rows, saving: &a.attentionSaved,
        into: &a.middle)
      feedForward.forward(a.middle, &a.feedForward, into: &a.projected)
      outputNorm.forward(
        a.projected, bias: feedForward.output.bias, residual: a.middle, saving: &a.outputSaved,
        into: &a.output)
    }
  }

  /// - Parameters:
  ///   - dOutput: (Q, C)
  ///   - dx: (T, C), overwritten; may not be `dOutput`
  func backward(
    _ batch: RaggedBatch, onlyRead: Bool, _ a: Activations, dOutput: Matrix, dx: inout Matrix,
    _ g: inout Gradients
  ) {
    if normalizesFirst {
      feedForward.backward(dOutput, a.feedForward, dInner: &g.dInner, into: &g.dPart, accumulating: false)
      outputNorm.backward(g.dPart, a.outputSaved, into: &g.dMiddle)
      g.dMiddle.add(dOutput)
      attention.backward(
        g.dMiddle, a.attention, dx: &dx, dRows: &g.dRows, accumulating: false, &g.attention)
      dx.add(g.dRows, atRows: onlyRead ? batch.readRows : nil)
      attentionNorm.backward(&dx, a.attentionSaved)
      dx.add(g.dMiddle, atRows: onlyRead ? batch.readRows : nil)
    } else {
      outputNorm.backward(dOutput, a.outputSaved, into: &g.dMiddle)
      feedForward.backward(
        g.dMiddle, a.feedForward, dInner: &g.dInner, into: &g.dMiddle, accumulating: true)
      attentionNorm.backward(g.dMiddle, a.attentionSaved, into: &g.dPart)
      g.dRows.copy(g.dPart)
      attention.backward(
        g.dPart, a.attention, dx: &dx, dRows: &g.dRows, accumulating: true, &g.attention)
      dx.add(g.dRows, atRows: onlyRead ? batch.readRows : nil)
    }
  }
}

extension Matrix {
  /// Adds the rows of `other` to the rows named, or to all in order.
  fileprivate mutating func add(_ other: Matrix, atRows rows: [Int]? = nil) {
    precondition(columns == other.columns && (rows?.count ?? self.rows) == other.rows)
    let width = columns
    let total = count
    let target = mutablePointer()
    guard let rows else {
      kernels.axpy(1, other.pointer, target, total)
      return
    }
    for (index, row) in rows.enumerated() {
      kernels.axpy(1, other.pointer + index * width, target + row * width, width)
    }
  }
}
