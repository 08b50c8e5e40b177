import Synchronization

/// A frozen weight in the layout of the panel kernels (`kernels.h`), for products with it.
final class Panels: @unchecked Sendable {  // written before anyone else sees it
  let outputs: Int
  let inputs: Int
  private let memory: AlignedMemory
  private var base: UnsafeMutablePointer<Float> { memory.base }

  private init(outputs: Int, inputs: Int) {
    self.outputs = outputs
    self.inputs = inputs
    let width = kernels.panel_width
    memory = AlignedMemory(count: (outputs + width - 1) / width * inputs * width)
  }

  /// `weight[output * outputStride + input * inputStride]`, laid out.
  convenience init(
    _ weight: UnsafePointer<Float>, outputStride: Int, inputStride: Int, outputs: Int, inputs: Int
  ) {
    self.init(outputs: outputs, inputs: inputs)
    pack(weight, outputStride: outputStride, inputStride: inputStride)
  }

  /// Takes another weight of the same shape in its place: only where nobody else sees it.
  func pack(_ weight: UnsafePointer<Float>, outputStride: Int, inputStride: Int) {
    kernels.pack_panels(weight, outputStride, inputStride, outputs, inputs, base)
  }

  /// The chosen rows of a weight (outputs, inputs), laid out.
  convenience init(rows: [Int], of weight: Matrix) {
    self.init(outputs: rows.count, inputs: weight.columns)
    let width = kernels.panel_width
    var few = Matrix(rows: 0, columns: 0)
    for start in stride(from: 0, to: rows.count, by: width) {
      few.gather(Array(rows[start..<min(rows.count, start + width)]), of: weight)
      kernels.pack_panels(few.pointer, inputs, 1, few.rows, inputs, base + start * inputs)
    }
  }

  /// The transposed weight's.
  func transposed() -> Panels {
    let result = Panels(outputs: inputs, inputs: outputs)
    kernels.transpose_panels(base, outputs, inputs, result.base)
    return result
  }

  /// `y = x W^T + bias`, or added to `y`.
  func multiply(
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, bias: UnsafePointer<Float>?, accumulating: Bool,
    into y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    kernels.multiply_panels(
      x, stride, rows, base, outputs, inputs, bias, accumulating ? 1 : 0, y, yStride)
  }
}

/// A weight and its panels, laid out when they are first needed. Once they are, the weight itself is let go.
final class PanelStore: Sendable {
  private struct State {
    var weight: Matrix?
    var forward: Panels?
    var backward: Panels?
  }

  private let state: Mutex<State>
  private let pack: @Sendable (Matrix) -> Panels

  init(_ weight: Matrix, pack: @escaping @Sendable (Matrix) -> Panels) {
    state = Mutex(State(weight: weight))
    self.pack = pack
  }

  /// For `x W^T`.
  var forward: Panels { state.withLock { resolveForward(&$0) } }

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
    guard let weight = state.weight else { preconditionFailure("neither weight nor panels") }
    let panels = pack(weight)
    state.forward = panels
    state.weight = nil
    weight.releasePages()
    return panels
  }
}
