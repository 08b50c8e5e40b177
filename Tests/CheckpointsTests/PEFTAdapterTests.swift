import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Against folders that `peft` wrote.
@Suite struct PEFTAdapterTests {
  static let folder = Fixtures.folder.appending(path: "prompts")

  @Test(arguments: [
    ("prompt-tuning", PEFTAdapter.Kind.promptTuning), ("p-tuning", .pTuning), ("p-tuning-bin", .pTuning),
  ])
  func readsWhatPEFTWrites(_ name: String, _ kind: PEFTAdapter.Kind) throws {
    let adapter = try PEFTAdapter(folder: Self.folder.appending(path: name))
    let golden = try GoldenTensors(Self.folder.appending(path: "golden.safetensors"))
    #expect(try adapter.vectors == golden.matrix("\(name).vectors"))
    #expect(adapter.kind == kind && adapter.taskName == "CAUSAL_LM" && adapter.submoduleCount == 1)
    #expect(adapter.baseModel == "tiny")
  }

  @Test func encoderAndDecoderHaveVectorsOfTheirOwn() throws {
    let adapter = try PEFTAdapter(folder: Self.folder.appending(path: "encoder-decoder"))
    #expect(adapter.submoduleCount == 2 && adapter.vectors.rows == 6)
  }

  @Test(arguments: [
    ("prefix-tuning", "PREFIX_TUNING holds keys and values of every layer, not embeddings"),
    ("lora", "LORA changes the model's weights and is no soft prompt"),
  ])
  func refusesLookAlikesByType(_ name: String, _ problem: String) {
    let error = #expect(throws: CheckpointError.self) {
      try PEFTAdapter(folder: Self.folder.appending(path: name))
    }
    #expect(error?.description.contains("peft_type: \(problem)") == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("\"PROMPT_TUNING\"", "\"MULTITASK_PROMPT_TUNING\"", "a task's matrices"),
    ("\"PROMPT_TUNING\"", "\"CPT\"", "offsets"), ("\"PROMPT_TUNING\"", "7", "peft_type: is missing"),
    ("\"num_virtual_tokens\": 4", "\"num_virtual_tokens\": 5", "has shape [4, 36] where"),
    ("\"token_dim\": 36", "\"token_dim\": 768", "asks for [4, 768]"),
    ("\"token_dim\": 36", "\"token_dim\": NaN", "token_dim: is no whole number"),
    ("\"token_dim\": 36", "\"token_dim\": \"36\"", "token_dim: is no whole number"),
    ("\"token_dim\": 36", "\"token_dim\": 36.5", "token_dim: is no whole number"),
    ("\"token_dim\": 36", "\"token_dim\": 9223372036854775808", "token_dim: is no whole number"),
    ("\"num_transformer_submodules\": 1", "\"num_transformer_submodules\": Infinity", "is no whole number"),
    ("\"num_virtual_tokens\": 4", "\"num_virtual_tokens\": null", "is no number of tokens"),
    ("\"num_transformer_submodules\": 1", "\"num_transformer_submodules\": 3", "is 3, where 1 or 2"),
  ])
  func checksWhatItReads(_ from: String, _ to: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    let copy = try folder.copy(Self.folder.appending(path: "prompt-tuning"))
    let file = copy.appending(path: "adapter_config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    try text.replacing(from, with: to).write(to: file, atomically: false, encoding: .utf8)
    let error = #expect(throws: CheckpointError.self) { try PEFTAdapter(folder: copy) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
  }

  @Test func comesBackAsWritten() throws {
    let folder = try TemporaryFolder()
    let adapter = PEFTAdapter(
      vectors: Samples.matrix(6, 5, "v"), task: .sequenceToSequence, submoduleCount: 2, baseModel: "t5",
      revision: "abc", metadata: ["note": "é"])
    try adapter.write(into: folder.url)
    let again = try PEFTAdapter(folder: folder.url)
    #expect(again.vectors == adapter.vectors && again.submoduleCount == 2 && again.baseModel == "t5")
    #expect(again.revision == "abc" && again.metadata == ["note": "é", "format": "pt"])
    let fields = try Fixtures.json(folder.url.appending(path: "adapter_config.json"))
    #expect(fields["token_dim"]?.int == 5 && fields["num_virtual_tokens"]?.int == 3)
    #expect(fields["inference_mode"]?.bool == true && fields["task_type"]?.string == "SEQ_2_SEQ_LM")
  }
}
