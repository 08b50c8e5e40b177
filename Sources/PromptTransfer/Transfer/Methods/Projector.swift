import Tensors

/// The paper's neural projector, two layers trained anchor to anchor by mean squared error. The rest is ours: a hidden layer as wide
/// as the wider of the two spaces, a tenth of the anchors held out, and an end when these get no better.
public struct NeuralProjector: TransferMethod {
  public static let name = "projector"
  public static let summary = "a network of two layers, trained to take the source's words to the target's"

  public static let learnsBySeed = true

  /// Units of the hidden layer; as many as the wider space has columns when nil.
  public var hidden: Int?
  /// The same in units of the target's columns, in place of `hidden`.
  public var hiddenFactor: Int?
  public var batchSize = 128
  public var learningRate: Float = 1e-3
  /// The most steps; what bounds the time for large spaces.
  public var stepLimit = 3000
  /// The most passes over the anchors that are trained on, in place of `stepLimit`.
  public var epochs: Int?
  /// How many passes over the anchors may bring nothing before training ends.
  public var patience = 5

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable {
    case hidden, hiddenFactor, batchSize, learningRate, stepLimit, epochs, patience
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    hidden = try fields.count(.hidden, upTo: 65_536)
    hiddenFactor = try fields.count(.hiddenFactor, upTo: 64)
    if hidden != nil { try fields.refuse([.hiddenFactor], "wants no hidden beside it") }
    batchSize = try fields.count(.batchSize, upTo: 1 << 20) ?? batchSize
    learningRate = Float(try fields.number(.learningRate, default: Double(learningRate), in: 1e-12...1e6))
    stepLimit = try fields.count(.stepLimit, upTo: 1 << 30) ?? stepLimit
    epochs = try fields.count(.epochs, upTo: 1_000_000)
    patience = try fields.count(.patience, upTo: 1 << 30) ?? patience
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    let target = words.target.all()
    let projectors = words.sources.map {
      Projector(from: $0.all(), to: target, settings: self, context)
    }
    var fitted = FittedMaps(projectors)
    fitted.isInterrupted = projectors.contains(where: \.isInterrupted)
    return fitted
  }
}

/// The trained network: `y = relu(x W1 + b1) W2 + b2`, trained anchor to anchor by mean squared error.
///
/// Both spaces are divided by the root mean square of their anchors' entries, so that one learning rate suits all.
struct Projector: VectorMap {
  /// Whether training was stopped before it was over.
  let isInterrupted: Bool
  private let network: TwoLayerNetwork
  private let sourceScale: Float
  private let targetScale: Float

  /// - Parameters:
  ///   - source: (K, Cs), K at least 2
  ///   - target: (K, Ct)
  ///   - context: asked after every pass over the anchors whether to stop; the best so far is then the result
  init(from source: Matrix, to target: Matrix, settings: NeuralProjector, _ context: FitContext) {
    sourceScale = Self.rootMeanSquare(source)
    targetScale = Self.rootMeanSquare(target)
    let x = source.scaled(by: 1 / sourceScale)
    let y = target.scaled(by: 1 / targetScale)
    var shuffle = RandomStream(seed: context.seed, name: "projector.shuffle")
    let order = Array(0..<source.rows).shuffled(using: &shuffle)
    let heldOutCount = max(1, source.rows / 10)
    let (heldOut, train) = (order.prefix(heldOutCount), Array(order.dropFirst(heldOutCount)))
    let passLength = (train.count + settings.batchSize - 1) / settings.batchSize
    let stepLimit = settings.epochs.map { max(1, $0 * passLength) } ?? settings.stepLimit
    let (heldOutX, heldOutY) = (x.gathering(heldOut), y.gathering(heldOut))

    var start = RandomStream(seed: context.seed, name: "projector.start")
    var network = TwoLayerNetwork(
      inputs: x.columns,
      hidden: settings.hidden ?? settings.hiddenFactor.map { $0 * y.columns } ?? max(x.columns, y.columns),
      outputs: y.columns, &start)
    var best = (network: network, loss: network.loss(heldOutX, heldOutY))
    var optimizer = TwoLayerNetwork.Optimizer(network)
    let schedule = LinearSchedule(
      peak: settings.learningRate, warmupSteps: stepLimit / 10, totalSteps: stepLimit)
    var passesWithoutGain = 0
    var step = 0
    var isInterrupted = false
    while step < stepLimit, passesWithoutGain < settings.patience {
      isInterrupted = context.shouldStop()
      if isInterrupted { break }
      let pass = train.shuffled(using: &shuffle)
      for first in stride(from: 0, to: pass.count, by: settings.batchSize) where step < stepLimit {
        let batch = pass[first..<min(pass.count, first + settings.batchSize)]
        let gradient = network.lossAndGradient(x.gathering(batch), y.gathering(batch)).gradient
        optimizer.update(&network, gradient, learningRate: schedule.learningRate(at: step))
        step += 1
      }
      context.progress(step, stepLimit)
      let loss = network.loss(heldOutX, heldOutY)
      passesWithoutGain = loss < best.loss ? 0 : passesWithoutGain + 1
      if loss < best.loss { best = (network, loss) }
    }
    self.network = best.network
    self.isInterrupted = isInterrupted
  }

  /// (P, Cs) to (P, Ct).
  func apply(_ vectors: Matrix) -> Matrix {
    network.forward(vectors.scaled(by: 1 / sourceScale)).scaled(by: targetScale)
  }

  private static func rootMeanSquare(_ x: Matrix) -> Float {
    let square = (0..<x.rows).reduce(0.0) { $0 + x.rowNorm($1) * x.rowNorm($1) } / Double(max(1, x.count))
    return square > 0 ? Float(square.squareRoot()) : 1
  }
}
