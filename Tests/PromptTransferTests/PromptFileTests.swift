import Checkpoints
import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct PromptFileTests {
  static let folder = Fixtures.folder.appending(path: "prompts")

  @Test(arguments: [
    ("prompt-tuning", PromptFile.Form.peft, "[V]*4 [X] [Y]", 36),
    ("p-tuning-bin", .peft, "[V]*4 [X] [Y]", 36),
    ("encoder-decoder", .peft, "[V]*3 [X] [V]*3 [Y]", 8),
    ("float64.npy", .numpy, "[X] [V]*5 [Y] .", 8), ("task_prompt", .pytorch, "[X] [V]*5 [Y] .", 8),
  ])
  func readsOtherForms(_ name: String, _ form: PromptFile.Form, _ template: String, _ width: Int) throws {
    let file = try PromptFile(Self.folder.appending(path: name))
    #expect(file.form == form && file.embeddingFingerprint == nil)
    #expect(try file.template == Template(template))
    #expect(file.vectors.columns == width)
  }

  @Test func ourOwnSaysItsTable() throws {
    let world = try TinyWorld()
    let prompt = TinyWorld.prompt(try world.model("model"))
    let url = world.folder.url.appending(path: "p.safetensors")
    try prompt.write(to: url)
    #expect(try PromptFile(url).prompt(in: nil) == prompt)
    // Another model's space does not make it that model's.
    #expect(try PromptFile(url).prompt(in: world.model("other", seed: 2).space) == prompt)
  }

  /// A type that is not known says nothing of how many bytes there should be: the shape may be of any size.
  @Test(arguments: [
    ("F99", "[65536, 4611686018427387904]", "has elements of type F99"),
    ("F99", "[5, 8]", "has elements of type F99"),
    ("F32", "[0, 4611686018427387904]", "has shape [0, 4611686018427387904], where a matrix is needed"),
    ("F32", "[5, 0]", "has shape [5, 0], where a matrix is needed"),
  ])
  func sizesThatDoNotFit(_ type: String, _ shape: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    let metadata = #""__metadata__":{"format":"promptferry.prompt","version":"1"}"#
    let own = try folder.write(
      RawSafetensors.file("{\(metadata),\(RawSafetensors.entry("vectors", type, shape, 0, 0))}"), to: "p")
    let adapter = folder.url.appending(path: "adapter")
    let text = RawSafetensors.entry("prompt_embeddings", type, shape, 0, 0)
    try folder.write(RawSafetensors.file("{\(text)}"), to: "adapter/adapter_model.safetensors")
    let sizes = shape.filter { !"[]".contains($0) }.split(separator: ", ")
    let count = sizes[0] == "0" ? "1" : sizes[0]
    try folder.write(
      #"{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": \#(count), "token_dim": \#(sizes[1])}"#,
      to: "adapter/adapter_config.json")
    let error = #expect(throws: TransferError.self) { try PromptFile(own) }
    #expect(error?.description.contains("vectors: \(problem)") == true, "\(error?.description ?? "")")
    let other = #expect(throws: TransferError.self) { try PromptFile(adapter) }
    let expected = sizes[0] == "0" ? "has shape [0, 4611686018427387904] where" : problem
    #expect(other?.description.contains(expected) == true, "\(other?.description ?? "")")
  }

  @Test func moreVectorsThanATemplateHas() throws {
    let folder = try TemporaryFolder()
    let vectors = NumPyFile.serialize(Matrix(rows: 513, columns: 1))
    let error = #expect(throws: TransferError.self) {
      try PromptFile(folder.write(vectors, to: "long.npy"))
    }
    #expect(error?.description.contains("holds 513 vectors, more than 512 side by side") == true)
  }

  /// OptiPrompt writes ten rows, of which its template uses the first few: only who reads them knows how many.
  @Test func ofTenRowsTheTemplateTakesTheFirst() throws {
    let url = Self.folder.appending(path: "rows.npy")
    let error = #expect(throws: TransferError.self) { try PromptFile(url) }
    #expect(error?.description.contains("has 10 rows, of which") == true)
    let file = try PromptFile(url, template: Template("[X] [V1] [V2] [V3] [Y] ."))
    #expect(file.vectors.rows == 3 && !file.vectors.elements.contains(9))
    #expect(try PromptFile(url, template: Template("[X] [V]*10 [Y]")).vectors.rows == 10)
  }

  @Test(arguments: [
    ("prompt-tuning", "[X] [V]*4 [Y]", "puts its vectors first"),
    ("encoder-decoder", "[V]*6 [X] [Y]", "puts its vectors first"),
    ("float32.npy", "[X] [V]*4 [Y]", "holds 5 vectors where"),
  ])
  func theTemplateMustFit(_ name: String, _ template: String, _ problem: String) {
    let error = #expect(throws: TransferError.self) {
      try PromptFile(Self.folder.appending(path: name), template: Template(template))
    }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
  }

  @Test func aPromptFromElsewhereIsTheModelsWhoseWidthItHas() throws {
    let world = try TinyWorld()
    let file = try PromptFile(Self.folder.appending(path: "float32.npy"))
    let (narrow, wide) = (try world.model("narrow").space, try world.model("wide", width: 10).space)
    let prompt = try file.prompt(in: narrow)
    try prompt.requireMatch(narrow.table, name: "narrow")
    let error = #expect(throws: TransferError.self) { try file.prompt(in: wide) }
    #expect(error?.description.contains("vectors have width 8, the model's embeddings 10") == true)
    #expect(throws: TransferError.self) { try file.prompt(in: nil) }
  }

  @Test(arguments: [
    ("[V]*5 [X] is in [Y] .", 1, 1), ("[V1] [V2] [X] [Y]", 1, 1), ("[V]*2 [X] [V]*2 [Y]", nil, 2),
    ("[X] [V]*5 [Y]", nil, nil), ("[V]*2 [X] [V]*3 [Y]", nil, nil), ("[V]*2 [X] [V]*2 is [Y]", nil, nil),
    ("A [V]*2 [X] [Y]", nil, nil), ("[X] [Y]", nil, nil),
  ])
  func knowsWhatPEFTCanSay(_ text: String, _ causal: Int?, _ withDecoder: Int?) throws {
    let template = try Template(text)
    #expect(template.prependedRuns(hasDecoder: false) == causal)
    #expect(template.prependedRuns(hasDecoder: true) == withDecoder)
  }

  @Test func anAdapterComesBackAsThePrompt() throws {
    let folder = try TemporaryFolder()
    let model = try LanguageModel(folder: ZooFixture.folder("gpt2-small"))
    let prompt = SoftPrompt(
      vectors: Samples.matrix(3, model.space.table.width, "v"), template: try Template("[V]*3 [X] is [Y]"),
      modelName: model.name, embeddingFingerprint: model.space.table.fingerprint,
      provenance: ["createdBy": "a test"])
    let url = folder.url.appending(path: "adapter")
    try prompt.writePEFT(to: url, model: model.space, baseModel: "gpt2-small")
    #expect(try PromptFile(url).prompt(in: nil) == prompt)
    #expect(
      try folder.contents == ["adapter"]
        && TemporaryFolder.names(url) == [
          "README.md", "adapter_config.json", "adapter_model.safetensors",
        ])
    // What is there is not overwritten.
    #expect(throws: TransferError.self) {
      try prompt.writePEFT(to: url, model: model.space, baseModel: "gpt2-small")
    }
  }

  @Test func whatPEFTCannotSayIsRefused() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "adapter")
    for (name, template, problem) in [
      ("gpt2-small", "[X] [V]*3 [Y]", "has vectors elsewhere than PEFT"),
      ("bert-tiny", "[V]*3 [X] [Y]", "is a masked model, for which PEFT has no prompts"),
    ] {
      let model = try LanguageModel(folder: ZooFixture.folder(name))
      let prompt = SoftPrompt(
        vectors: Samples.matrix(3, model.space.table.width, "v"), template: try Template(template),
        modelName: name, embeddingFingerprint: model.space.table.fingerprint)
      let error = #expect(throws: TransferError.self) {
        try prompt.writePEFT(to: url, model: model.space, baseModel: name)
      }
      #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }
    #expect(try folder.contents.isEmpty)
  }
}
