/// A published way of carrying that is one of our methods with settings of its own.
public struct MethodPreset: Sendable {
  /// What it is called where a method is asked for.
  public let name: String
  /// What it is and where it comes from, in one line.
  public let summary: String
  /// The method's name.
  public let method: String
  /// What differs from the method's defaults.
  public let settings: [String: Setting]
  /// Which of them make room for another one that is given in their place.
  var givenUp: [String: String] = [:]

  /// With what is given besides, which comes first.
  func settings(with given: [String: Setting]) -> [String: Setting] {
    settings.filter { name, _ in
      guard let other = givenUp[name], let value = given[other] else { return true }
      return value == settings[other]
    }.merging(given) { $1 }
  }

  public static let all: [MethodPreset] = [
    MethodPreset(
      name: "affine", summary: "the affine map of least squares, with an intercept and no ridge",
      method: LinearMap.name,
      settings: ["ridge": .number(0), "centred": .flag(true)]),
    MethodPreset(
      name: "v2v-lin", summary: "the linear map of recycled prompts (arXiv 2208.05577)",
      method: LinearMap.name, settings: ["ridge": .number(0)]),
    MethodPreset(
      name: "v2v-nn", summary: "the network of recycled prompts (arXiv 2208.05577)",
      method: NeuralProjector.name,
      settings: [
        "hiddenFactor": .number(4), "learningRate": .number(3e-4), "batchSize": .number(50),
        "epochs": .number(25), "patience": .number(25),
      ], givenUp: ["hiddenFactor": "hidden", "epochs": "stepLimit"]),
    MethodPreset(
      name: "landmark", summary: "mergekit's landmark PCA, with its rotation the right way round",
      method: Procrustes.name, settings: ["centred": .flag(true), "components": .text("all")]),
    MethodPreset(
      name: "wechsel", summary: "the mixture of WECHSEL: softmax over the 10 nearest words",
      method: Neighbours.name,
      settings: [
        "wordCount": .number(10), "metric": .text("cosine"), "weights": .text("softmax"),
        "temperature": .number(0.1),
      ], givenUp: ["temperature": "weights"]),
    MethodPreset(
      name: "focus", summary: "the mixture of FOCUS: sparsemax over all words", method: Neighbours.name,
      settings: [
        "wordCount": .text("all"), "metric": .text("cosine"), "weights": .text("sparsemax"),
      ]),
  ]
}
