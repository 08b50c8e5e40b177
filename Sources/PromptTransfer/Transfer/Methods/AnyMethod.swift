import Tensors

/// No method of its own: maps with several ridges and mixtures of words, among which a selection chooses.
public struct AnyMethod: TransferMethod {
  public static let name = "any"
  public static let summary = "compares maps, ridges and mixtures of words, among which a selection chooses"

  public init() {}

  public var findsDirectionsOnly: Bool { Self.methods.contains { $0.findsDirectionsOnly } }

  /// What is compared.
  public static let methods: [any TransferMethod] =
    [Procrustes(), CanonicalMap(), CanonicalMap(ridge: 0.1)]
    + [0.01, 0.1, 1].map { CanonicalMap(ridge: $0, shrinkage: 0.5) }
    + [0.01, 0.1, 1].map { LinearMap(ridge: $0) }
    + [0, 0.1, 1].map { RelativeSearch(.exact(ridge: $0)) }
    + [
      LinearMap(ridge: 0.1, centred: true), CanonicalMap(ridge: 1, shrinkage: 0.5, centred: true),
      StartAndChange(ridge: 0.1),
      StartAndChange(ridge: 1), Neighbours(64, metric: .cosine, weights: .barycentric),
      Neighbours(10, metric: .cosine, weights: .softmax(temperature: 0.1)),
      MatchingPursuit(wordCount: 64, unitAtoms: true),
    ]

  /// What is compared, in words: what a choice rests on.
  public static var description: String {
    methods.map { method in
      let settings = MethodRegistry.settings(of: method).sorted { $0.key < $1.key }
      return ([method.name] + settings.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    }.joined(separator: ", ")
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    throw TransferError(
      "method any", "compares several methods, of which none is chosen", hint: "Give a selection, or a method"
    )
  }

  public func fitCandidates(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> [Candidate] {
    // What maps are found from, summed once for all of them.
    let sums = CanonicalMap().sums(words, context)
    let centred = zip(sums, words.sources).map { sums, source in
      sums.centred(on: source.means(with: words.target), count: words.words.count)
    }
    let changes = StartAndChange.Sums(centred, words)
    var candidates: [Candidate] = []
    for method in Self.methods {
      if !candidates.isEmpty, context.shouldStop() { break }  // who asked for an end looks at it again
      let fitted =
        switch method {
        case let map as CanonicalMap: map.fit(map.centred ? centred : sums, words, context)
        case let map as LinearMap: map.fit(map.centred ? centred : sums, words, context)
        case let map as StartAndChange: map.fit(changes, words, context)
        default: try method.fit(words, context)
        }
      let settings = MethodRegistry.settings(of: method).mapValues(\.description)
      candidates.append(
        Candidate(
          method: method, fitted: fitted,
          setting: settings.merging(["method": method.name]) { $1 }))
    }
    return candidates
  }
}
