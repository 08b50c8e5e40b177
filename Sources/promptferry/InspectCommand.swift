import ArgumentParser
import Foundation
import LanguageModels
import PromptTransfer

struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Says what a model or a prompt is; with two models, which words they share.",
    discussion: """
      Examples:
        promptferry inspect zoo:bert-small
        promptferry inspect zoo:bert-small zoo:roberta-small
        promptferry inspect capital.safetensors --model zoo:bert-small
      """)

  @Argument(help: "A model, two models, or a prompt file.") var what: [String]
  @Option(help: "The prompt's model, to name the words nearest to each vector.", completion: .directory)
  var model: String?
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if !(1...2).contains(what.count) { throw ValidationError("give one model or prompt, or two models") }
  }

  func run() async throws {
    let interruption = Interruption()
    var places: [ModelPlace] = []
    for argument in what { places.append(try await common.model(argument, .embeddings, interruption)) }
    if places.count == 2 {
      try inspectPair(places)
    } else if Self.isFolder(places[0].folder) {
      try inspectModel(places[0])
    } else {
      var space: EmbeddingSpace?
      if let model { space = try await common.model(model, .embeddings, interruption).embeddingSpace() }
      try inspectPrompt(places[0].folder, space)
    }
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
  }

  // MARK: A model

  struct ModelCard: Encodable {
    /// What is there only of models that can be run.
    struct Network: Encodable {
      let family, activation: String
      let width, layers, heads, innerWidth, longestSequence: Int
      let unusedTensors: [String]
    }

    let model, embeddingSHA256, embeddingTensor: String
    let embeddingWidth, embeddingRows, tokens, singleWords: Int
    let embeddingMean, embeddingDeviation, inputScale: Double
    let network: Network?
  }

  private func inspectModel(_ place: ModelPlace) throws {
    let space = try place.embeddingSpace()
    let isRunnable = place.isWhole && space.table.isOfRunnableFamily
    let network = try isRunnable ? place.languageModel().network : nil
    let (mean, deviation) = space.table.moments()
    let card = ModelCard(
      model: space.name, embeddingSHA256: space.table.fingerprint, embeddingTensor: space.table.name,
      embeddingWidth: space.table.width, embeddingRows: space.table.rowCount,
      tokens: space.tokenizer.vocabularySize, singleWords: space.tokenizer.words().count, embeddingMean: mean,
      embeddingDeviation: deviation, inputScale: space.table.inputScale,
      network: network.map { network in
        let shape = network.configuration
        return ModelCard.Network(
          family: shape.family.rawValue, activation: shape.activationName, width: shape.width,
          layers: shape.layerCount, heads: shape.headCount, innerWidth: shape.innerWidth,
          longestSequence: shape.longestSequence, unusedTensors: network.unusedTensors)
      })
    try common.print(card, text: Self.text(card))
  }

  private static func text(_ card: ModelCard) -> String {
    let body =
      card.network.map { network in
        """
        \(network.family), \(network.layers) layers, width \(network.width), \(network.heads) heads, \
        inner width \(network.innerWidth), \(network.activation), up to \(network.longestSequence) tokens
        not used     \(network.unusedTensors.isEmpty ? "nothing" : network.unusedTensors.joined(separator: ", "))
        """
      } ?? "a target for transfer: its family cannot be run here"
    return """
      \(card.model): \(body)
      vocabulary   \(card.tokens) tokens, \(card.singleWords) whole words
      embeddings   \(card.embeddingTensor), \(card.embeddingRows) x \(card.embeddingWidth), mean \
      \(card.embeddingMean.formatted(5)), deviation \(card.embeddingDeviation.formatted(5))
      fingerprint  \(card.embeddingSHA256)
      """
  }

  // MARK: Two models

  struct PairCard: Encodable {
    let models: [String]
    let sharedWords: Int
    let samples: [String]
  }

  private func inspectPair(_ places: [ModelPlace]) throws {
    let spaces = try places.map { try $0.embeddingSpace() }
    let shared = Anchors(spaces.map(\.tokenizer)).words
    let step = max(1, shared.count / 24)
    let card = PairCard(
      models: spaces.map(\.name), sharedWords: shared.count,
      samples: stride(from: 0, to: shared.count, by: step).map { shared[$0] })
    try common.print(
      card,
      text: """
        \(card.models[0]) and \(card.models[1]) share \(card.sharedWords) words, such as
        \(card.samples.joined(separator: " "))
        """)
  }

  // MARK: A prompt

  struct PromptCard: Encodable {
    let model, template, embeddingSHA256: String
    let vectorCount, width: Int
    let lengths: [Double]
    let provenance: [String: String]
    let nearestWords: [[String]]?
  }

  private func inspectPrompt(_ url: URL, _ space: EmbeddingSpace?) throws {
    let prompt = try SoftPrompt(url)
    let nearest = try space.map { space in
      try prompt.requireMatch(space.table, name: space.name)
      return space.nearestWords(to: prompt.vectors, count: 6)
    }
    let card = PromptCard(
      model: prompt.modelName, template: prompt.template.description,
      embeddingSHA256: prompt.embeddingFingerprint,
      vectorCount: prompt.vectors.rows, width: prompt.vectors.columns, lengths: prompt.lengths,
      provenance: prompt.provenance, nearestWords: nearest?.map { $0.map(\.word) })
    var lines = [
      "a prompt for \(card.model): \(card.vectorCount) vectors of width \(card.width) in \"\(card.template)\"",
      "fingerprint  \(card.embeddingSHA256)",
    ]
    for (key, value) in card.provenance.sorted(by: { $0.key < $1.key }) {
      lines.append(key.padding(toLength: max(12, key.count), withPad: " ", startingAt: 0) + " " + value)
    }
    for (row, length) in card.lengths.enumerated() {
      let words = nearest.map {
        "  near " + $0[row].map { "\($0.word) \($0.cosine.formatted(2))" }.joined(separator: ", ")
      }
      lines.append("V\(row + 1)  length \(length.formatted(3))" + (words ?? ""))
    }
    try common.print(card, text: lines.joined(separator: "\n"))
  }
}
