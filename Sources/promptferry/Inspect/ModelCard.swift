import Checkpoints
import Formats
import LanguageModels
import PromptTransfer

/// What a model is, as far as it is there.
struct ModelCard: Encodable {
  /// What is known only of models that can be run.
  struct Network: Encodable {
    let family, activation: String
    let width, layers, heads, innerWidth, longestSequence: Int
    let unusedTensors: [String]

    init(_ network: any LanguageModels.Network) {
      let shape = network.configuration
      (family, activation) = (shape.family, shape.activationName)
      (width, layers, heads) = (shape.width, shape.layerCount, shape.headCount)
      (innerWidth, longestSequence) = (shape.innerWidth, shape.longestSequence)
      unusedTensors = network.unusedTensors
    }
  }

  let model, kind, embeddingSHA256, embeddingTensor: String
  let commit: String?
  let embeddingWidth, embeddingRows, tokens, singleWords: Int
  let embeddingMean, embeddingDeviation, inputScale: Double
  let network: Network?
  /// Why a model of a family that is run cannot be, as one without its head.
  let notRun: String?
  let gguf: GGUFCard?

  init(_ place: ModelPlace) throws {
    let space = try place.embeddingSpace()
    let table = space.table
    (model, commit, kind) = (space.name, place.commit, table.modelKind.rawValue)
    (embeddingSHA256, embeddingTensor) = (table.fingerprint, table.name)
    (embeddingWidth, embeddingRows, inputScale) = (table.width, table.rowCount, table.inputScale)
    (embeddingMean, embeddingDeviation) = table.moments()
    (tokens, singleWords) = try (space.tokenizer.vocabularySize, space.tokenizer.words().count)
    gguf =
      GGUFMetadata.isNamed(place.folder)
      ? try GGUFCard(GGUFFile(place.folder), beginsWithBOS: !space.tokenizer.prefix.isEmpty) : nil
    let isRunnable = place.isWhole && table.isOfRunnableFamily
    do {
      network = isRunnable ? Network(try place.languageModel().network) : nil
      notRun = nil
    } catch {
      network = nil
      notRun = "\(error)"
    }
  }

  var text: String {
    let words = ["masked": "masked", "causal": "causal"][kind] ?? "sequence-to-sequence"
    let body =
      network.map { network in
        """
        \(network.family), \(network.layers) layers, width \(network.width), \(network.heads) heads, \
        inner width \(network.innerWidth), \(network.activation), up to \(network.longestSequence) tokens
        not used     \(network.unusedTensors.isEmpty ? "nothing" : VisibleText.line(network.unusedTensors.joined(separator: ", "), limit: 600))
        """
      }
      ?? "a \(words) model, to carry prompts to: it is not run here\(notRun.map { " (\(VisibleText.line($0, limit: 600)))" } ?? "")"
    return """
      \(model.shown): \(body)\(commit.map { "\ncommit       \($0)" } ?? "")\
      \(gguf.map { "\n" + $0.text } ?? "")
      vocabulary   \(tokens) tokens, \(singleWords) whole words
      embeddings   \(embeddingTensor.shown), \(embeddingRows) x \(embeddingWidth), mean \
      \(embeddingMean.formatted(5)), deviation \(embeddingDeviation.formatted(5))\
      \(inputScale == 1 ? "" : ", scaled by \(inputScale.formatted(3)) in the model")
      fingerprint  \(embeddingSHA256)
      """
  }
}
