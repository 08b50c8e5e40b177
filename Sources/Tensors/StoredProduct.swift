import CBLAS
import Synchronization

/// Products with a weight that stays as it is stored: some of its rows or columns at a time are widened, laid out and
/// multiplied with all of `x`. No element is rounded, so that results are those of the same weight in Float32, where panels
/// multiply to the last bit. One copy serves both directions.
struct StoredProduct: Sendable {
  private let weight: any StoredWeight
  /// The rows of the weight that are this map's, in its order.
  private let rows: Rows
  /// The columns that are; whole blocks.
  private let columns: Range<Int>

  enum Rows: Sendable {
    case run(Range<Int>)
    case chosen([Int])

    var count: Int {
      switch self {
      case .run(let rows): rows.count
      case .chosen(let rows): rows.count
      }
    }

    func row(_ index: Int) -> Int {
      switch self {
      case .run(let rows): rows.lowerBound + index
      case .chosen(let rows): rows[index]
      }
    }
  }

  /// What is multiplied, and where to.
  struct Operands {
    var x: UnsafePointer<Float>  // (rows, what is summed over)
    let stride: Int
    let rows: Int
    var bias: UnsafePointer<Float>?
    var isAccumulating = false
    let y: UnsafeMutablePointer<Float>
    let yStride: Int
  }

  init(_ weight: any StoredWeight, rows: Rows, columns: Range<Int>) {
    let block = weight.blockLength
    precondition(
      columns.lowerBound % block == 0
        && (columns.upperBound % block == 0 || columns.upperBound == weight.columns))
    (self.weight, self.rows, self.columns) = (weight, rows, columns)
  }

  /// Floats laid out at a time. The more, the seldomer `x` is read.
  private static let size = 1 << 20
  /// Rows widened at a time, of which only some columns are laid out.
  private static let rowsAtATime = 32

  /// What the weight maps `x` to.
  func multiply(_ operands: Operands, _ layout: Linear.Layout) {
    switch layout {
    case .outputsByInputs: multiplyByRows(operands)
    case .inputsByOutputs: multiplyByColumns(operands)
    }
  }

  /// `y = x W^T`: the weight's rows are the outputs.
  func multiplyByRows(_ operands: Operands) {
    let (inputs, width) = (columns.count, max(1, kernels.panels.width))
    forEachGroup(of: rows.count, length: inputs, unit: width, strip: width * inputs) {
      outputs, laidOut, strip in
      for first in stride(from: outputs.lowerBound, to: outputs.upperBound, by: width) {
        let count = min(width, outputs.upperBound - first)
        let place = laidOut + (first - outputs.lowerBound) * inputs
        let target = kernels.panels.width > 0 ? strip : place
        for index in 0..<count {
          weight.widen(row: rows.row(first + index), columns: columns, to: target + index * inputs)
        }
        if kernels.panels.width > 0 { kernels.panels.pack(strip, inputs, 1, count, inputs, place) }
      }
      multiply(operands, laidOut, outputs, inputs: inputs, isTransposed: false)
    }
  }

  /// `y = x W`: its columns are. Some rows after the other, each whole, so that the file is read in its order; as many as panels add
  /// up at a time.
  func multiplyByColumns(_ operands: Operands) {
    let (inputs, panel) = (rows.count, kernels.panels.width)
    let runs = panel > 0 ? max(1, (inputs + kernels.panels.depth - 1) / kernels.panels.depth) : 1
    for run in 0..<runs {
      multiplyByColumns(operands, summing: inputs * run / runs..<inputs * (run + 1) / runs, panel: panel)
    }
  }

  private func multiplyByColumns(_ operands: Operands, summing run: Range<Int>, panel: Int) {
    var own = operands
    own.x += run.lowerBound
    if run.lowerBound > 0 { (own.bias, own.isAccumulating) = (nil, true) }
    let (inputs, unit) = (run.count, max(1, panel, weight.blockLength))
    let widest = max(unit, min(columns.count, Self.size / max(1, inputs)))
    forEachGroup(of: columns.count, length: inputs, unit: unit, strip: Self.rowsAtATime * widest) {
      outputs, laidOut, strip in
      let width = outputs.count
      let part = columns.lowerBound + outputs.lowerBound..<columns.lowerBound + outputs.upperBound
      for first in stride(from: 0, to: inputs, by: Self.rowsAtATime) {
        let count = min(Self.rowsAtATime, inputs - first)
        let target = panel > 0 ? strip : laidOut + first * width
        for index in 0..<count {
          weight.widen(
            row: rows.row(run.lowerBound + first + index), columns: part, to: target + index * width)
        }
        guard panel > 0 else { continue }
        for column in stride(from: 0, to: width, by: panel) {
          kernels.panels.pack(
            strip + column, 1, width, min(panel, width - column), count,
            laidOut + column * inputs + first * panel)
        }
      }
      multiply(own, laidOut, outputs, inputs: inputs, isTransposed: true)
    }
  }

  /// Calls `body` with some outputs after the other, and memory for them and for a strip.
  /// - Parameters:
  ///   - length: what an output has in memory
  ///   - unit: outputs come in multiples of it, but for the last
  private func forEachGroup(
    of count: Int, length: Int, unit: Int, strip: Int,
    _ body: (Range<Int>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    guard count > 0 else { return }
    let units = min((count + unit - 1) / unit, max(1, Self.size / max(1, length * unit)))
    // A whole line of the cache after the other.
    let size = (units * unit * length + 15) / 16 * 16
    let memory = Self.spare.withLock { $0.popLast() }
    let own = memory.flatMap { $0.count >= size + strip ? $0 : nil } ?? AlignedMemory(count: size + strip)
    for start in stride(from: 0, to: count, by: units * unit) {
      body(start..<min(count, start + units * unit), own.base, own.base + size)
    }
    Self.spare.withLock { $0.append(own) }
  }

  /// As many as threads have multiplied at a time, kept for the next products.
  private static let spare: Mutex<[AlignedMemory]> = Mutex([])

  /// - Parameter isTransposed: whether what is laid out, without panels, is (inputs, outputs)
  private func multiply(
    _ own: Operands, _ laidOut: UnsafePointer<Float>, _ outputs: Range<Int>, inputs: Int, isTransposed: Bool
  ) {
    let (bias, y) = (own.bias.map { $0 + outputs.lowerBound }, own.y + outputs.lowerBound)
    guard kernels.panels.width == 0 else {
      kernels.panels.multiply(
        own.x, own.stride, own.rows, laidOut, outputs.count, inputs, bias, own.isAccumulating ? 1 : 0, y,
        own.yStride)
      return
    }
    BLAS.gemm(
      transposeA: false, transposeB: !isTransposed, m: own.rows, n: outputs.count, k: inputs, alpha: 1, own.x,
      lda: own.stride, laidOut, ldb: isTransposed ? outputs.count : inputs, beta: own.isAccumulating ? 1 : 0,
      y,
      ldc: own.yStride)
    guard let bias else { return }
    for row in 0..<own.rows { kernels.add_bias(y + row * own.yStride, bias, 1, outputs.count) }
  }
}
