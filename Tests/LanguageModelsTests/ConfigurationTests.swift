import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

@Suite struct ConfigurationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func configuration(_ checkpoint: TinyCheckpoint) throws -> ModelConfiguration {
    try FrozenModel(folder: checkpoint.write(to: folder.url)).configuration
  }

  @Test func everyField() throws {
    let checkpoint = TinyCheckpoint(
      .roberta, width: 12, layers: 3, heads: 4, inner: 20, vocabulary: 31, positions: 18)
    let found = try configuration(checkpoint)
    #expect(found.family == "roberta" && found.width == 12 && found.layerCount == 3 && found.headCount == 4)
    #expect(found.innerWidth == 20 && found.vocabularySize == 31)
    #expect(found.longestSequence == 16 && found.activationName == "gelu" && !found.isCausal)
  }

  @Test func absentFieldsTakeTheDefaults() throws {
    var checkpoint = TinyCheckpoint(.roberta)
    for key in ["max_position_embeddings", "type_vocab_size", "layer_norm_eps", "hidden_act", "pad_token_id"]
    {
      checkpoint.configuration[key] = nil
    }
    checkpoint.configuration["tie_word_embeddings"] = "null"
    let word = try #require(checkpoint.tensors["roberta.embeddings.position_embeddings.weight"])
    checkpoint.tensors["roberta.embeddings.position_embeddings.weight"] = Matrix(
      rows: 512, columns: word.columns)
    let found = try configuration(checkpoint)
    #expect(found.longestSequence == 510 && found.activationName == "gelu")
  }

  @Test func bertCountsPositionsFromZero() throws {
    var checkpoint = TinyCheckpoint(.bert)
    checkpoint.configuration["pad_token_id"] = "5"
    #expect(try configuration(checkpoint).longestSequence == 12)
  }

  @Test(arguments: [("RobertaForMaskedLM", TinyCheckpoint.Family.roberta), ("BertForMaskedLM", .bert)])
  func olderFilesNameTheArchitecture(_ name: String, _ family: TinyCheckpoint.Family) throws {
    var checkpoint = TinyCheckpoint(family)
    checkpoint.configuration["model_type"] = nil
    checkpoint.configuration["architectures"] = "[\"\(name)\"]"
    #expect(try configuration(checkpoint).family == family.rawValue)
  }

  struct Bad: Sendable, CustomTestStringConvertible {
    let key: String
    let value: String?
    let problem: String
    init(_ key: String, _ value: String?, _ problem: String) {
      (self.key, self.value, self.problem) = (key, value, problem)
    }
    var testDescription: String { "\(key) \(value ?? "absent")" }
  }

  static let bad: [Bad] =
    ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"].flatMap {
      [
        Bad($0, nil, "is missing"), Bad($0, "null", "is missing"), Bad($0, "0", "is not a whole number"),
        Bad($0, "-8", "is not a whole number"), Bad($0, "8.0", "is not a whole number"),
        Bad($0, "\"8\"", "is not a whole number"), Bad($0, "9223372036854775807", "is not a whole number"),
      ]
    } + [
      Bad("model_type", nil, "is missing"), Bad("model_type", "\"mixtral\"", "mixtral is not supported"),
      Bad(
        "model_type", "\"deberta-v2\"",
        "deberta-v2 is not run: the published heads were trained with a decoder"),
      Bad("model_type", "\"Bert\"", "Bert is not supported"),
      Bad("hidden_act", "\"mish\"", "mish is not supported"),
      Bad("quantization_config", "{\"bits\": 4}", "is not supported"),
      Bad("is_decoder", "true", "is not supported"),
      Bad("num_attention_heads", "3", "3 does not divide hidden_size 8"),
      Bad("max_position_embeddings", "0", "is not a whole number"),
      Bad("position_embedding_type", "\"relative_key\"", "relative_key is not supported"),
      Bad("hidden_act", "7", "is not"), Bad("layer_norm_eps", "\"1e-5\"", "is not"),
      Bad("layer_norm_eps", "-1", "is not"),
      Bad("layer_norm_eps", "4611686018427387904", "is not a number from 0 to 0.1"),
      Bad("layer_norm_eps", "1", "is not"), Bad("layer_norm_eps", "NaN", "is not"),
      Bad("tie_word_embeddings", "\"false\"", "is not"),
    ]

  @Test(arguments: bad)
  func refuses(_ bad: Bad) throws {
    var checkpoint = TinyCheckpoint()
    checkpoint.configuration[bad.key] = bad.value
    let error = try #require(throws: CheckpointError.self) { try configuration(checkpoint) }
    #expect(error.item == bad.key && error.problem.contains(bad.problem), "\(error)")
    #expect(error.file.hasSuffix("config.json"))
  }

  @Test func noPositionIsLeft() throws {
    var checkpoint = TinyCheckpoint(.roberta)
    checkpoint.configuration["pad_token_id"] = "11"
    let error = try #require(throws: CheckpointError.self) { try configuration(checkpoint) }
    #expect(error.problem.contains("leaves no position"))
  }
}
