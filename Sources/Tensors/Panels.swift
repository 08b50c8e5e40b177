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
  convenience init(rows: [Int], of weight: FrozenWeight) {
    self.init(outputs: rows.count, inputs: weight.columns)
    let width = kernels.panel_width
    var few = Matrix(uninitializedRows: width, columns: inputs)
    let strip = few.mutablePointer()
    for start in stride(from: 0, to: rows.count, by: width) {
      let count = min(width, rows.count - start)
      for index in 0..<count { weight.copy(row: rows[start + index], to: strip + index * inputs) }
      kernels.pack_panels(strip, inputs, 1, count, inputs, base + start * inputs)
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
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, bias: UnsafePointer<Float>?,
    accumulating: Bool,
    into y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    kernels.multiply_panels(
      x, stride, rows, base, outputs, inputs, bias, accumulating ? 1 : 0, y, yStride)
  }
}

/// The panels of a weight, laid out when they are first needed. Once they are, the weight itself is let go.
final class PanelStore: Sendable {
  private struct State {
    var pack: (@Sendable () -> Panels)?
    var forward: Panels?
    var backward: Panels?
  }

  private let state: Mutex<State>

  /// - Parameter pack: makes the panels for `x W^T`, and gives back what reading the weight took
  init(_ pack: @escaping @Sendable () -> Panels) { state = Mutex(State(pack: pack)) }

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
    guard let pack = state.pack else { preconditionFailure("neither weight nor panels") }
    let panels = pack()
    state.forward = panels
    state.pack = nil
    return panels
  }
}
