import Formats
import Foundation
import Tensors

/// A prompt-learning adapter of Python's `peft`: a folder with `adapter_config.json` and, in `adapter_model.safetensors`
/// or `adapter_model.bin`, the tensor `prompt_embeddings`.
///
/// PEFT puts the vectors before everything else, special tokens included (`peft_model.py`,
/// `PeftModelForCausalLM.forward`).
package struct PEFTAdapter: Sendable {
  package enum Kind: String, Sendable {
    case promptTuning = "PROMPT_TUNING"
    /// Its file holds what the encoder put out, so the encoder is not needed.
    case pTuning = "P_TUNING"
  }

  package enum Task: String, Sendable {
    case causal = "CAUSAL_LM"
    case sequenceToSequence = "SEQ_2_SEQ_LM"
  }

  package let kind: Kind
  /// One of `Task`, or another that reads the same vectors.
  package let taskName: String?
  /// The model it was made for, as its author called it.
  package let baseModel: String?
  package let revision: String?
  /// How many parts of the model have vectors of their own: 2 where the decoder has them besides the encoder, whose
  /// come first.
  package let submoduleCount: Int
  package let vectors: Matrix  // (submodules * virtual tokens, E)
  /// Further metadata of the tensor file.
  package let metadata: [String: String]

  /// - Parameter task: only those that can be written
  package init(
    vectors: Matrix, task: Task, submoduleCount: Int, baseModel: String, revision: String?,
    metadata: [String: String]
  ) {
    (kind, taskName) = (.promptTuning, task.rawValue)
    (self.baseModel, self.revision, self.metadata) = (baseModel, revision, metadata)
    (self.submoduleCount, self.vectors) = (submoduleCount, vectors)
  }

  private static let configurationName = "adapter_config.json"
  private static let weightsName = "adapter_model.safetensors"
  private static let olderWeightsName = "adapter_model.bin"
  private static let tensorName = "prompt_embeddings"

  package static func isOne(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(configurationName).path)
  }

  /// Reads and checks a folder. Adapters that are no vectors in the embedding space are refused by their type.
  package init(folder: URL) throws(CheckpointError) {
    let url = folder.appendingPathComponent(Self.configurationName)
    let fields = try JSON(contentsOf: url, as: .python)
    kind = try Self.kind(fields["peft_type"]?.string, url)
    taskName = fields["task_type"]?.string
    baseModel = fields["base_model_name_or_path"]?.string
    revision = fields["revision"]?.string
    guard let tokenCount = fields["num_virtual_tokens"]?.int, (1...1 << 16).contains(tokenCount) else {
      throw CheckpointError(file: url, item: "num_virtual_tokens", "is no number of tokens")
    }
    submoduleCount =
      try Self.count("num_transformer_submodules", fields, url)
      ?? (taskName == Task.sequenceToSequence.rawValue ? 2 : 1)
    guard (1...2).contains(submoduleCount) else {
      throw CheckpointError(
        file: url, item: "num_transformer_submodules", "is \(submoduleCount), where 1 or 2 is known")
    }
    let weights = folder.appendingPathComponent(Self.weightsName)
    let olderWeights = folder.appendingPathComponent(Self.olderWeightsName)
    let file: any TensorFile
    if FileManager.default.fileExists(atPath: weights.path) {
      try WholeFile.require(weights, .prompt)
      let tensors = try SafetensorsFile(weights)
      (file, metadata) = (tensors, tensors.header.metadata)
    } else {
      try WholeFile.require(olderWeights, .prompt)
      (file, metadata) = (try PyTorchFile(olderWeights), [:])
    }
    guard let entry = file.entry(Self.tensorName), entry.shape.count == 2 else {
      throw CheckpointError(file: file.url, item: Self.tensorName, "is no matrix of this file")
    }
    let width = try Self.count("token_dim", fields, url) ?? entry.shape[1]
    let expected = [submoduleCount * tokenCount, width]
    guard entry.shape == expected else {
      throw CheckpointError(
        file: file.url, item: Self.tensorName,
        "has shape \(entry.shape) where \(Self.configurationName) asks for \(expected)")
    }
    vectors = try file.matrix(entry)
  }

  /// A whole number; nil where it is absent or null.
  private static func count(_ key: String, _ fields: JSON, _ file: URL) throws(CheckpointError) -> Int? {
    guard let value = fields[key], !value.isNull else { return nil }
    guard let count = value.int else { throw CheckpointError(file: file, item: key, "is no whole number") }
    return count
  }

  private static func kind(_ name: String?, _ file: URL) throws(CheckpointError) -> Kind {
    if let kind = name.flatMap(Kind.init) { return kind }
    let reason =
      switch name {
      case nil: "is missing"
      case "PREFIX_TUNING", "CARTRIDGE":
        "\(name ?? "") holds keys and values of every layer, not embeddings, and cannot be carried over"
      case "MULTITASK_PROMPT_TUNING":
        "MULTITASK_PROMPT_TUNING multiplies its vectors by a task's matrices, which is not supported"
      case "CPT": "CPT keeps offsets from the embeddings of a context, not vectors, and is not supported"
      default: "\(name ?? "") changes the model's weights and is no soft prompt"
      }
    throw CheckpointError(
      file: file, item: "peft_type", reason, hint: "Known: PROMPT_TUNING and P_TUNING")
  }
}

extension PEFTAdapter {
  /// Puts both files into the folder. `inference_mode` is on, so that `peft` reads the vectors as they are; `token_dim`
  /// is always given, since `peft` would take the model's width, which is not the embeddings' of ALBERT and OPT-350m.
  package func write(into folder: URL) throws(CheckpointError) {
    let configuration: JSON = [
      "auto_mapping": .null,
      "base_model_name_or_path": baseModel.map { .string($0) } ?? .null,
      "inference_mode": true,
      "num_attention_heads": .null,
      "num_layers": .null,
      "num_transformer_submodules": .integer(submoduleCount),
      "num_virtual_tokens": .integer(vectors.rows / submoduleCount),
      "peft_type": .string(kind.rawValue),
      "prompt_tuning_init": "RANDOM",
      "prompt_tuning_init_text": .null,
      "revision": revision.map { .string($0) } ?? .null,
      "task_type": taskName.map { .string($0) } ?? .null,
      "token_dim": .integer(vectors.columns),
      "tokenizer_name_or_path": .null,
    ]
    try AtomicFile.write(configuration.text, to: folder.appendingPathComponent(Self.configurationName))
    try AtomicFile.write(
      SafetensorsFile.serialize(
        [Self.tensorName: vectors], metadata: metadata.merging(["format": "pt"]) { $1 }),
      to: folder.appendingPathComponent(Self.weightsName))
  }
}
