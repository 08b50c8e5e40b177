import CKernels
import Synchronization

/// A frozen weight in the layout of the panel kernels (`kernels.h`), for products with it.
final class Panels: @unchecked Sendable {  // written before anyone else sees it
  let outputs: Int
  let inputs: Int
  private let precision: Precision
  private let memory: AlignedMemory
  private var base: UnsafeMutablePointer<Float> { memory.base }

  private init(outputs: Int, inputs: Int, _ precision: Precision) {
    (self.outputs, self.inputs, self.precision) = (outputs, inputs, precision)
    memory = AlignedMemory(count: precision.panels.size(outputs, inputs))
  }

  /// `weight[output * outputStride + input * inputStride]`, laid out.
  convenience init(
    _ weight: UnsafePointer<Float>, outputStride: Int, inputStride: Int, outputs: Int, inputs: Int,
    _ precision: Precision = .f32
  ) {
    self.init(outputs: outputs, inputs: inputs, precision)
    pack(weight, outputStride: outputStride, inputStride: inputStride)
  }

  /// Takes another weight of the same shape in its place: only where nobody else sees it.
  func pack(_ weight: UnsafePointer<Float>, outputStride: Int, inputStride: Int) {
    precision.panels.pack(weight, outputStride, inputStride, outputs, inputs, base)
  }

  /// The chosen rows of a weight (outputs, inputs), laid out.
  convenience init(rows: some RandomAccessCollection<Int>, of weight: FrozenWeight, _ precision: Precision) {
    self.init(outputs: rows.count, inputs: weight.columns, precision)
    let panels = precision.panels
    var few = Matrix(uninitializedRows: panels.width, columns: inputs)
    let strip = few.mutablePointer()
    for start in stride(from: 0, to: rows.count, by: panels.width) {
      let part = rows.dropFirst(start).prefix(panels.width)
      for (index, row) in part.enumerated() { weight.copy(row: row, to: strip + index * inputs) }
      panels.pack(strip, inputs, 1, part.count, inputs, base + panels.size(start, inputs))
    }
  }

  /// The chosen columns, whole blocks of them, of a weight that is stored as (inputs, outputs), laid out.
  convenience init(columns: Range<Int>, of weight: any StoredWeight, _ precision: Precision) {
    self.init(outputs: columns.count, inputs: weight.rows, precision)
    let (panels, width) = (precision.panels, columns.count)
    let rowsAtATime = 32  // whole steps of any panels
    var few = Matrix(uninitializedRows: rowsAtATime, columns: width)
    let strip = few.mutablePointer()
    for first in stride(from: 0, to: inputs, by: rowsAtATime) {
      let count = min(rowsAtATime, inputs - first)
      for row in 0..<count { weight.widen(row: first + row, columns: columns, to: strip + row * width) }
      for column in stride(from: 0, to: width, by: panels.width) {
        panels.pack(
          strip + column, 1, width, min(panels.width, width - column), count,
          base + panels.size(column, inputs) + panels.size(panels.width, first))
      }
    }
  }

  /// The transposed weight's.
  func transposed() -> Panels {
    let result = Panels(outputs: inputs, inputs: outputs, precision)
    precision.panels.transpose(base, outputs, inputs, result.base)
    return result
  }

  /// `y = x W^T + bias`, or added to `y`.
  func multiply(
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, bias: UnsafePointer<Float>?,
    accumulating: Bool,
    into y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    precision.panels.multiply(
      x, stride, rows, base, outputs, inputs, bias, accumulating ? 1 : 0, y, yStride)
  }
}

/// The panels of a weight, laid out when they are worth it. Once they are, the weight itself is let go.
final class PanelStore: Sendable {
  /// What multiplies now.
  enum Forward {
    case panels(Panels)
    case stored(StoredProduct, Linear.Layout)
  }

  /// The weight where it lies, of which some is laid out for a product and forgotten: what a few products are quicker with.
  struct Direct {
    let product: StoredProduct
    let layout: Linear.Layout
  }

  private struct State {
    var pack: (@Sendable () -> Panels)?
    var direct: Direct?
    var directUses = 0
    var forward: Panels?
    var backward: Panels?
  }

  private let state: Mutex<State>

  /// - Parameters:
  ///   - direct: what the first products are taken with; nil where all want panels
  ///   - pack: makes the panels for `x W^T`, and gives back what reading the weight took
  init(direct: Direct? = nil, _ pack: @escaping @Sendable () -> Panels) {
    state = Mutex(State(pack: pack, direct: direct))
  }

  /// For a product `x W^T`.
  var next: Forward {
    state.withLock { state in
      if let direct = state.direct, state.directUses < Linear.productsBeforeLayout {
        state.directUses += 1
        return .stored(direct.product, direct.layout)
      }
      return .panels(resolveForward(&state))
    }
  }

  /// Lays the weight out for `x W^T`.
  func layOut() { state.withLock { _ = resolveForward(&$0) } }

  /// For `dy W`.
  var backward: Panels {
    state.withLock { state in
      if let panels = state.backward { return panels }
      let panels = resolveForward(&state).transposed()
      state.backward = panels
      return panels
    }
  }

  private func resolveForward(_ state: inout State) -> Panels {
    if let panels = state.forward { return panels }
    guard let pack = state.pack else { preconditionFailure("neither weight nor panels") }
    let panels = pack()
    (state.forward, state.pack, state.direct) = (panels, nil, nil)
    return panels
  }
}
