import CUDA
import Tensors

/// What a layer works on, as its kernels read it: ``LayerRows`` as integers on the device.
struct CUDARows {
  /// The same for the host.
  let rows: LayerRows
  let spans: DeviceSpans
  /// For each key its row of the input, where keys are not its rows.
  let tokens: DeviceIndices.Part?
  /// The rows of the input that go on, where they are not all.
  let residual: DeviceIndices.Part?
  /// By rotary positions, for each query and each key its row of cosines and sines.
  private let places: [Rotary: (queries: DeviceIndices.Part, keys: DeviceIndices.Part)]
  private let back: Back?

  /// What the backward needs besides.
  private struct Back {
    let keySums, residualSums, contextSums: DeviceSums?
    let inputRows, outputRows: DeviceIndices.Part?
  }

  /// - Parameter turn: for a span the row of the first position, by rotary positions
  init(
    _ rows: LayerRows, rotaries: [Rotary], goesBack: Bool, _ indices: DeviceIndices,
    turn: (Rotary, AttentionSpan) -> Int
  ) {
    self.rows = rows
    let spans = DeviceSpans(rows.spans, indices)
    self.spans = spans
    tokens = rows.tokens.map { indices.add($0) }
    residual = rows.residual.map { indices.add($0) }
    var places: [Rotary: (queries: DeviceIndices.Part, keys: DeviceIndices.Part)] = [:]
    for rotary in rotaries where places[rotary] == nil {
      let firsts = rows.spans.map { turn(rotary, $0) }
      places[rotary] = (
        indices.add(
          zip(rows.spans, firsts).flatMap { span, first in
            (0..<span.queries.count).map { first + span.firstPlace + $0 }
          }),
        indices.add(
          zip(rows.spans, firsts).flatMap { span, first in (0..<span.keys.count).map { first + $0 } })
      )
    }
    self.places = places
    guard goesBack else {
      back = nil
      return
    }
    back = Back(
      keySums: rows.keyPlaces.map { DeviceSums($0, height: rows.height, indices) },
      residualSums: rows.residualPlaces.map { DeviceSums($0, height: rows.height, indices) },
      contextSums: rows.outputRows.map { DeviceSums($0, height: spans.queries, indices) },
      inputRows: rows.inputRuns.map { indices.add($0.flatMap { Array($0) }) },
      outputRows: rows.outputRows.map { indices.add($0) })
  }

  func places(_ rotary: Rotary) -> (queries: DeviceIndices.Part, keys: DeviceIndices.Part) {
    guard let found = places[rotary] else { preconditionFailure("these positions were not asked for") }
    return found
  }

  /// From keys to the rows of the input's gradient, from rows that go on to these, from rows with a gradient to queries.
  var keySums: DeviceSums? { back?.keySums }
  var residualSums: DeviceSums? { back?.residualSums }
  var contextSums: DeviceSums? { back?.contextSums }
  /// The rows of the input, and of the output, whose gradients are made; nil for the first ones.
  var inputRows: DeviceIndices.Part? { back?.inputRows }
  var outputRows: DeviceIndices.Part? { back?.outputRows }
}
