import Synchronization
import Tensors

/// What a device makes of small products, norms, activations and attention beside this processor: asked once of each in each precision,
/// before a model is trusted to it.
package enum SelfCheck {
  private static let passed: Mutex<Set<Asked>> = Mutex([])

  private struct Asked: Hashable {
    let device: ObjectIdentifier
    let precision: Precision
  }

  /// Throws where something comes out otherwise.
  package static func require(_ device: any Device, _ precision: Precision) throws(DeviceError) {
    let asked = Asked(device: ObjectIdentifier(device), precision: precision)
    if passed.withLock({ $0.contains(asked) }) { return }
    let queue = try DeviceQueue(device, precision)
    try products(queue)
    try rows(queue)
    try attention(queue)
    passed.withLock { _ = $0.insert(asked) }
  }

  /// With a bias and an addend, and back.
  private static func products(_ queue: DeviceQueue) throws(DeviceError) {
    let (weight, bias) = (rounded(matrix(48, 64, "weight"), queue), matrix(1, 48, "bias"))
    let (x, addend) = (rounded(matrix(5, 64, "x"), queue), matrix(5, 48, "addend"))
    let map = try DeviceMap(weight: operands(weight, queue), bias: floats(bias, queue), queue)
    let y = queue.floats()
    try map.forward(operands(x, queue), into: y, adding: floats(addend, queue), queue)
    var expected = addend
    for row in 0..<5 {
      for output in 0..<48 {
        expected[row, output] += bias[0, output]
        for input in 0..<64 { expected[row, output] += x[row, input] * weight[output, input] }
      }
    }
    try compare(y, expected, "products", queue)
    let dy = rounded(matrix(5, 48, "dy"), queue)
    try map.backward(operands(dy, queue), into: y, queue)
    var gradient = Matrix(rows: 5, columns: 64)
    for row in 0..<5 {
      for input in 0..<64 {
        for output in 0..<48 { gradient[row, input] += dy[row, output] * weight[output, input] }
      }
    }
    try compare(y, gradient, "products with a transposed weight", queue)
  }

  private static func rows(_ queue: DeviceQueue) throws(DeviceError) {
    let x = matrix(5, 40, "rows")
    let norm = LayerNorm(gamma: matrix(1, 40, "gamma"), beta: matrix(1, 40, "beta"), epsilon: 1e-5)
    var (saved, expected) = (LayerNorm.Saved(), Matrix(rows: 0, columns: 0))
    norm.forward(x, saving: &saved, into: &expected)
    let y = queue.floats()
    try DeviceNorm(norm, queue).forward(
      floats(x, queue), saving: DeviceNorm.Saved(queue), values: y, operand: nil, queue)
    try compare(y, expected, "norms", queue)
    var sums = x
    ActivationFunction.gelu.forward(&sums, bias: Matrix(rows: 1, columns: 40), into: &expected)
    try queue.activate(.gelu, floats(x, queue), into: y)
    try compare(y, expected, "activations", queue)
  }

  /// Of two sequences, each seeing what came before.
  private static func attention(_ queue: DeviceQueue) throws(DeviceError) {
    let spans = [AttentionSpan(queries: 0..<3, keys: 0..<3), AttentionSpan(queries: 3..<40, keys: 3..<40)]
    let parts = ["q", "k", "v"].map { rounded(matrix(40, 32, $0), queue) }
    var (probabilities, context) = (Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0))
    Attention(heads: 2, keyHeads: 2, headWidth: 16, scale: 2, after: 0).forward(
      q: parts[0], k: parts[1], v: parts[2], spans: spans, probabilities: &probabilities, context: &context)
    let indices = DeviceIndices(queue.device)
    let own = DeviceSpans(spans, indices)
    try indices.send(queue.stream)
    var sent: [DeviceMatrix] = []
    for part in parts { sent.append(try operands(part, queue)) }
    let (found, made) = (queue.floats(), queue.operands())
    try DeviceAttention(
      heads: 2, keyHeads: 2, headWidth: 16, scale: 2, cap: nil, before: nil, after: 0, bias: nil
    ).forward(
      .init(q: sent[0].view(), k: sent[1].view(), v: sent[2].view()), own, indices, probabilities: found,
      context: made, queue)
    try compare(found, probabilities, "attention", queue)
  }

  private static func compare(
    _ found: DeviceMatrix, _ expected: Matrix, _ what: String, _ queue: DeviceQueue
  ) throws(DeviceError) {
    let values = try queue.download(found).elements
    let largest = expected.elements.reduce(0) { max($0, abs($1)) }
    let isRight =
      values.count == expected.count
      && zip(values, expected.elements).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, largest) }
    guard isRight else {
      throw .failed(
        device: queue.device.name, call: "the check of \(what)", why: "its numbers are not this processor's")
    }
  }

  /// The same numbers in every process, from -1 to 1.
  private static func matrix(_ rows: Int, _ columns: Int, _ name: String) -> Matrix {
    var random = RandomStream(seed: 0, name: "device.\(name)")
    return Matrix(
      rows: rows, columns: columns, (0..<rows * columns).map { _ in Float(2 * random.uniform() - 1) })
  }

  /// To what operands keep of numbers of that size.
  private static func rounded(_ matrix: Matrix, _ queue: DeviceQueue) -> Matrix {
    let lost: UInt32 =
      switch queue.precision {
      case .f32: 0
      case .bf16: 16
      case .f16: 13
      }
    let rest = UInt32(1) << lost - 1
    return Matrix(
      rows: matrix.rows, columns: matrix.columns,
      matrix.elements.map {
        Float(bitPattern: ($0.bitPattern + rest / 2 + ($0.bitPattern >> lost & rest & 1)) & ~rest)
      })
  }

  private static func floats(_ matrix: Matrix, _ queue: DeviceQueue) throws(DeviceError) -> DeviceMatrix {
    let target = queue.floats()
    try queue.upload(matrix, to: target)
    return target
  }

  private static func operands(_ matrix: Matrix, _ queue: DeviceQueue) throws(DeviceError) -> DeviceMatrix {
    let values = try floats(matrix, queue)
    guard queue.precision.isNarrow else { return values }
    let target = queue.operands()
    try queue.round(values, into: target)
    return target
  }
}
