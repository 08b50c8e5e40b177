import CKernels
import Tensors
import TestSupport
import Testing

struct ActivationCase: Sendable, CustomTestStringConvertible {
  let name: String
  let kind: Activation
  let formula: @Sendable (Double) -> Double
  var testDescription: String { name }

  static let all = [
    ActivationCase(name: "gelu", kind: ACTIVATION_GELU, formula: Naive.gelu),
    ActivationCase(name: "gelu_new", kind: ACTIVATION_GELU_TANH, formula: Naive.geluTanh),
    ActivationCase(name: "relu", kind: ACTIVATION_RELU, formula: Naive.relu),
    ActivationCase(name: "silu", kind: ACTIVATION_SILU, formula: Naive.silu),
    ActivationCase(name: "quick_gelu", kind: ACTIVATION_QUICK_GELU, formula: Naive.quickGelu),
  ]
}

@Suite struct ActivationTests {
  /// From far in one tail to far in the other, both zeros and their surroundings.
  static let inputs: [Float] =
    (-8000...8000).map { Float($0) * 0.001 + 0.00037 }
    + [0, -0.0, 1e-30, -1e-30, 1e-10, -1e-10, 12.5, -12.5, 40, -40, 100, -100, 1e4, -1e4, 1e15, -1e15]

  /// 5e-7: the erf of Abramowitz and Stegun is good to 2e-7, times |x|/2 where the tail matters; and the tanh is
  /// 1 - 2/(exp + 1), with the rounding of numbers near 1. 3e-7 relative: two or three roundings.
  @Test(arguments: ActivationCase.all, KernelSet.allCases)
  func forward(_ activation: ActivationCase, _ set: KernelSet) {
    var x = Self.inputs
    let count = x.count
    let bias = [Float](repeating: 0, count: count)
    let y = filling(count) { set.table.bias_activation_forward(activation.kind, &x, bias, $0, 1, count) }
    expectClose(y, Self.inputs.wide.map(activation.formula), absolute: 5e-7, relative: 3e-7)
    #expect(x == Self.inputs)
  }

  @Test(arguments: ActivationCase.all, KernelSet.allCases)
  func biasIsAddedToEveryRowAndKept(_ activation: ActivationCase, _ set: KernelSet) {
    for (rows, columns) in [(1, 1), (3, 17), (2, 65), (5, 8), (0, 4), (3, 0)] {
      var x = Samples.normal(rows * columns, "x")
      let bias = Samples.normal(columns, "bias")
      let sum = x.indices.map { x[$0] + bias[$0 % columns] }
      let y = filling(x.count) {
        set.table.bias_activation_forward(activation.kind, &x, bias, $0, rows, columns)
      }
      #expect(x == sum)
      expectClose(y, sum.wide.map(activation.formula), absolute: 5e-7, relative: 3e-7)
    }
  }

  /// 2e-6: as the forward, and the slope adds x times the density to the erf. 8e-6 for the tanh: in the tails 1 - t^2
  /// keeps only the rounding of t, which x (1 + 0.134 x^2) makes that large.
  @Test(arguments: ActivationCase.all, KernelSet.allCases)
  func backward(_ activation: ActivationCase, _ set: KernelSet) {
    let x = Self.inputs.filter { abs($0) < 50 && (activation.name != "relu" || abs($0) > 1e-4) }
    let dy = Samples.normal(x.count, "dy")
    let slopes = x.wide.map { x in
      (activation.formula(x + 1e-5) - activation.formula(x - 1e-5)) / 2e-5
    }
    let expected = zip(slopes, dy.wide).map { $0 * $1 }
    let dx = filling(x.count) { set.table.activation_backward(activation.kind, x, dy, $0, 1, x.count) }
    let noise = activation.name == "gelu_new" ? 8e-6 : 2e-6
    expectClose(dx, expected, absolute: noise, relative: 1e-6)
    var inPlace = dy
    inPlace.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      set.table.activation_backward(activation.kind, x, base, base, 1, x.count)
    }
    #expect(inPlace == dx)
  }

  /// A number that is none stays none, both ways, and does not spread; infinities come out as the formula has them.
  @Test(arguments: ActivationCase.all, KernelSet.allCases)
  func notANumber(_ activation: ActivationCase, _ set: KernelSet) {
    let count = 37
    let bias = [Float](repeating: 0, count: count)
    for place in [0, 5, 31, 36] {
      var x = Samples.normal(count, "x")
      x[place] = .nan
      let y = filling(count) { set.table.bias_activation_forward(activation.kind, &x, bias, $0, 1, count) }
      let dy = [Float](repeating: 1, count: count)
      let dx = filling(count) { set.table.activation_backward(activation.kind, x, dy, $0, 1, count) }
      #expect(y.indices.filter { y[$0].isNaN } == [place] && dx.indices.filter { dx[$0].isNaN } == [place])
    }
    var ends: [Float] = [.infinity, -.infinity]
    guard activation.name == "relu" else { return }
    let y = filling(2) { set.table.bias_activation_forward(activation.kind, &ends, bias, $0, 1, 2) }
    let dx = filling(2) { set.table.activation_backward(activation.kind, ends, [3, 3], $0, 1, 2) }
    #expect(y == [.infinity, 0] && dx == [3, 0])
  }

  @Test(arguments: [
    "gelu", "gelu_python", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_accurate", "relu",
    "silu", "swish", "quick_gelu",
  ])
  func knownNames(_ name: String) {
    #expect(ActivationFunction(name: name) != nil)
  }

  @Test(arguments: ["", "GELU", "mish", "gelu ", "tanh"])
  func otherNamesAreRefused(_ name: String) {
    #expect(ActivationFunction(name: name) == nil)
  }

  /// The wrapper reaches the kernel that its name says: the three differ at 1.5 by more than 1e-5.
  @Test(arguments: [
    ("gelu", Naive.gelu(1.5)), ("gelu_new", Naive.geluTanh(1.5)), ("relu", 1.5),
    ("gelu_accurate", Naive.geluTanh(1.5)), ("silu", Naive.silu(1.5)), ("quick_gelu", Naive.quickGelu(1.5)),
  ])
  func namesMeanTheirFormulas(_ name: String, _ value: Double) throws {
    let function = try #require(ActivationFunction(name: name))
    var x = Matrix(rows: 1, columns: 1, [1])
    var y = Matrix(rows: 0, columns: 0)
    function.forward(&x, bias: Matrix(rows: 1, columns: 1, [0.5]), into: &y)
    #expect(x.elements == [1.5])
    expectClose(y.elements, [value], absolute: 5e-7)
    var dy = Matrix(rows: 1, columns: 1, [1])
    function.backward(Matrix(rows: 1, columns: 1, [-1.5]), &dy)
    #expect((dy[0, 0] == 0) == (name == "relu"))
  }
}
