import PromptTransfer

extension Pipeline {
  /// The methods by the names that they have in the golden, with its settings.
  static let methods: [(name: String, method: any TransferMethod)] =
    [
      ("canonical", CanonicalMap(ridge: 0.3, shrinkage: 0.7)), ("linear", LinearMap(ridge: 0.3)),
      ("procrustes", Procrustes()), ("discretize", NearestWord()), ("naive", WeightedWords()),
      ("projector", projector),
      ("centred-canonical", CanonicalMap(ridge: 0.3, shrinkage: 0.7, centred: true)),
      ("centred-linear", LinearMap(ridge: 0.3, centred: true)),
      ("centred-affine", LinearMap(ridge: 0, centred: true)),
      ("centred-procrustes", Procrustes(centred: true)), ("polar", LinearMap(ridge: 0.3, polar: true)),
      ("omp", MatchingPursuit(wordCount: 4)), ("omp-unit", MatchingPursuit(wordCount: 4, unitAtoms: true)),
      ("omp-whole", MatchingPursuit(wordCount: 41)), ("neighbours", Neighbours(5)),
      ("neighbours-cosine", Neighbours(5, metric: .cosine)),
      ("neighbours-barycentric", Neighbours(5, weights: .barycentric)),
      ("neighbours-barycentric-many", Neighbours(20, weights: .barycentric)),
      ("neighbours-least", Neighbours(5, weights: .leastSquares)),
      ("neighbours-least-many", Neighbours(20, metric: .cosine, weights: .leastSquares)),
      ("neighbours-softmax", Neighbours(10, metric: .cosine, weights: .softmax(temperature: 0.1))),
      ("neighbours-sparsemax", Neighbours(nil, metric: .cosine, weights: .sparsemax)),
      ("landmark", Procrustes(centred: true, components: .all)),
      ("landmark-4", Procrustes(centred: true, components: .first(4))),
      ("components-4", Procrustes(centred: false, components: .first(4))),
      ("shuffled", ShuffledAnchors(CanonicalMap(ridge: 0.3, shrinkage: 0.7))),
      ("shuffled-centred", ShuffledAnchors(CanonicalMap(ridge: 0.3, shrinkage: 0.7, centred: true))),
      ("spectrum", RandomSpectrum(CanonicalMap(ridge: 0.3, shrinkage: 0.7))),
      ("spectrum-centred", RandomSpectrum(CanonicalMap(ridge: 0.3, shrinkage: 0.7, centred: true))),
    ]
    + masks.flatMap { name, mask -> [(name: String, method: any TransferMethod)] in
      [
        ("exact-\(name)", RelativeSearch(.exact(ridge: 0.3), mask: mask)),
        ("gradient-\(name)", RelativeSearch(.gradient(steps: 10, learningRate: 0.05), mask: mask)),
      ]
    }

  /// Those that carry nothing: no rule is applied to them, and they are the same for any source.
  static let marks: [any TransferMethod] = [RandomVectors(), NormalVectors(), MeanVector()]

  private static var projector: NeuralProjector {
    var projector = NeuralProjector()
    projector.batchSize = 8
    projector.learningRate = 0.1
    projector.stepLimit = 40
    projector.patience = 3
    return projector
  }
}
