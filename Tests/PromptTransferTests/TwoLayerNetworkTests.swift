import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct TwoLayerNetworkTests {
  private static let x = Samples.matrix(6, 4, "x")
  private static let y = Samples.matrix(6, 3, "y")

  private var network: TwoLayerNetwork {
    var stream = RandomStream(seed: 1, name: "network")
    var network = TwoLayerNetwork(inputs: 4, hidden: 5, outputs: 3, &stream)
    network.firstBias = Samples.matrix(1, 5, "first bias", deviation: 0.3)
    network.secondBias = Samples.matrix(1, 3, "second bias", deviation: 0.3)
    return network
  }

  /// The formula in Double, of all parameters in a row.
  private static func loss(_ parameters: [Double]) -> Double {
    let (w1, b1) = (Array(parameters[0..<20]), Array(parameters[20..<25]))
    let (w2, b2) = (Array(parameters[25..<40]), Array(parameters[40..<43]))
    var hidden = Naive.product(x.wide, w1, m: 6, k: 4, n: 5)
    for i in hidden.indices { hidden[i] = Naive.relu(hidden[i] + b1[i % 5]) }
    let output = Naive.product(hidden, w2, m: 6, k: 5, n: 3)
    let squares = output.indices.map { (i: Int) -> Double in
      let difference = output[i] + b2[i % 3] - y.wide[i]
      return difference * difference
    }
    return squares.reduce(0, +) / 18
  }

  private static func parameters(_ network: TwoLayerNetwork) -> [Float] {
    network.firstWeight.elements + network.firstBias.elements + network.secondWeight.elements
      + network.secondBias.elements
  }

  @Test func lossAndGradientAreThoseOfTheFormula() {
    let network = network
    let found = network.lossAndGradient(Self.x, Self.y)
    let point = Self.parameters(network).wide
    expectClose(
      [found.loss, network.loss(Self.x, Self.y)], [Self.loss(point), Self.loss(point)], relative: 1e-6)
    expectGradient(
      Self.parameters(found.gradient), at: point, absolute: 1e-6, relative: 1e-5, of: Self.loss)
  }

  @Test func stepsLowerTheLoss() {
    var network = network
    var optimizer = TwoLayerNetwork.Optimizer(network)
    let start = network.loss(Self.x, Self.y)
    for _ in 0..<300 {
      let gradient = network.lossAndGradient(Self.x, Self.y).gradient
      optimizer.update(&network, gradient, learningRate: 0.02)
    }
    #expect(network.loss(Self.x, Self.y) < start / 10)
  }
}
