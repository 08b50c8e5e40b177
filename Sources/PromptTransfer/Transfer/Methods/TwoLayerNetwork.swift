import Tensors

/// `y = relu(x W1 + b1) W2 + b2` with the mean squared error, and its training.
package struct TwoLayerNetwork: Sendable {
  package var firstWeight: Matrix  // (inputs, hidden)
  package var firstBias: Matrix  // (1, hidden)
  package var secondWeight: Matrix  // (hidden, outputs)
  package var secondBias: Matrix  // (1, outputs)

  /// Normal weights with deviation `sqrt(2 / inputs)` and `sqrt(1 / hidden)`, biases of 0 (He et al., arXiv 1502.01852).
  package init(inputs: Int, hidden: Int, outputs: Int, _ stream: inout RandomStream) {
    firstWeight = stream.normalMatrix(
      rows: inputs, columns: hidden, deviation: (2 / Double(inputs)).squareRoot())
    firstBias = Matrix(rows: 1, columns: hidden)
    secondWeight = stream.normalMatrix(
      rows: hidden, columns: outputs, deviation: (1 / Double(hidden)).squareRoot())
    secondBias = Matrix(rows: 1, columns: outputs)
  }

  /// (B, inputs) to (B, outputs).
  package func forward(_ x: Matrix) -> Matrix { layers(x).output }

  private func layers(_ x: Matrix) -> (sum: Matrix, hidden: Matrix, output: Matrix) {
    var sum = Matrix(rows: x.rows, columns: firstBias.count)
    sum.multiply(x, firstWeight)
    var hidden = Matrix(rows: 0, columns: 0)
    ActivationFunction.relu.forward(&sum, bias: firstBias, into: &hidden)
    var output = Matrix(rows: x.rows, columns: secondBias.count)
    output.multiply(hidden, secondWeight)
    for row in 0..<x.rows { output.addRow(secondBias, toRow: row) }
    return (sum, hidden, output)
  }

  /// The mean of the squared differences over all entries.
  package func loss(_ x: Matrix, _ y: Matrix) -> Double {
    var difference = forward(x)
    difference.add(y, scaledBy: -1)
    return Self.meanSquare(difference)
  }

  /// The loss and its gradient by every parameter, in the shape of the network.
  package func lossAndGradient(_ x: Matrix, _ y: Matrix) -> (loss: Double, gradient: TwoLayerNetwork) {
    let (sum, hidden, output) = layers(x)
    var dOutput = output
    dOutput.add(y, scaledBy: -1)
    let loss = Self.meanSquare(dOutput)
    dOutput = dOutput.scaled(by: 2 / Float(max(1, dOutput.count)))
    var gradient = self
    gradient.secondWeight.multiply(hidden, dOutput, transposeA: true)
    gradient.secondBias = dOutput.columnSums()
    var dHidden = Matrix(rows: x.rows, columns: firstBias.count)
    dHidden.multiply(dOutput, secondWeight, transposeB: true)
    ActivationFunction.relu.backward(sum, &dHidden)
    gradient.firstWeight.multiply(x, dHidden, transposeA: true)
    gradient.firstBias = dHidden.columnSums()
    return (loss, gradient)
  }

  private static func meanSquare(_ x: Matrix) -> Double {
    (0..<x.rows).reduce(0) { $0 + x.rowNorm($1) * x.rowNorm($1) } / Double(max(1, x.count))
  }

  /// Adam for each of the four parameters.
  package struct Optimizer {
    private var firstWeight, firstBias, secondWeight, secondBias: AdamW

    package init(_ network: TwoLayerNetwork) {
      firstWeight = AdamW(parameterCount: network.firstWeight.count)
      firstBias = AdamW(parameterCount: network.firstBias.count)
      secondWeight = AdamW(parameterCount: network.secondWeight.count)
      secondBias = AdamW(parameterCount: network.secondBias.count)
    }

    package mutating func update(
      _ network: inout TwoLayerNetwork, _ gradient: TwoLayerNetwork, learningRate: Float
    ) {
      firstWeight.update(&network.firstWeight, gradient: gradient.firstWeight, learningRate: learningRate)
      firstBias.update(&network.firstBias, gradient: gradient.firstBias, learningRate: learningRate)
      secondWeight.update(&network.secondWeight, gradient: gradient.secondWeight, learningRate: learningRate)
      secondBias.update(&network.secondBias, gradient: gradient.secondBias, learningRate: learningRate)
    }
  }
}
