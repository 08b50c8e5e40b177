import Checkpoints
import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct SoftPromptTests {
  @Test func comesBackAsWritten() throws {
    let world = try TinyWorld()
    let model = try world.model("model")
    let prompt = SoftPrompt(
      vectors: TinyWorld.prompt(model).vectors, template: .vectors(3), modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint, provenance: ["note": "é \"quoted\""])
    let url = world.folder.url.appending(path: "p.safetensors")
    try prompt.write(to: url)
    #expect(try SoftPrompt(url) == prompt)
    let bytes = try Data(contentsOf: url)
    try prompt.write(to: url)
    #expect(try Data(contentsOf: url) == bytes)
    #expect(try world.folder.contents == ["model", "p.safetensors"])
  }

  @Test func belongsToOneTableOnly() throws {
    let world = try TinyWorld()
    let (mine, other) = (try world.model("mine"), try world.model("other", seed: 2))
    let prompt = TinyWorld.prompt(mine)
    try prompt.requireMatch(mine.space.table, name: "mine")
    let error = #expect(throws: TransferError.self) {
      try prompt.requireMatch(other.space.table, name: "other")
    }
    #expect(error?.description.contains("does not belong to other") == true)
    #expect(throws: TransferError.self) {
      try carry([Source(space: other.space, prompt: prompt)], to: mine.space, LinearMap())
    }
  }

  @Test(arguments: [
    (["version": "9"], "is 9 where 1 is known"), (["format": "other"], "format"),
    (["space": "scaled"], "space"),
    (["template": "[X] [V]*2 [Y]"], "has 3 rows where the template has 2"),
    (["template": "[X]"], "has no [Y]"),
  ])
  func refusesWhatItDoesNotKnow(_ change: [String: String], _ problem: String) throws {
    let folder = try TemporaryFolder()
    let metadata = [
      "format": "promptferry.prompt", "version": "1", "space": "embedding-row", "template": "[X] [V]*3 [Y] .",
      "model": "m", "embeddingSHA256": "00",
    ].merging(change) { $1 }
    let data = SafetensorsFile.serialize(["vectors": Samples.matrix(3, 4, "v")], metadata: metadata)
    let url = try folder.write(data, to: "p.safetensors")
    let error = #expect(throws: (any Error).self) { try SoftPrompt(url) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(problem))
  }

  @Test func refusesOtherFiles() throws {
    let folder = try TemporaryFolder()
    let plain = try folder.write(
      SafetensorsFile.serialize(["vectors": Samples.matrix(3, 4, "v")], metadata: [:]),
      to: "plain.safetensors")
    let text = try folder.write("not a prompt", to: "text.safetensors")
    var broken = Samples.matrix(3, 4, "v")
    broken[1, 2] = .nan
    let notFinite = try folder.write(
      SafetensorsFile.serialize(
        ["vectors": broken],
        metadata: [
          "format": "promptferry.prompt", "version": "1", "space": "embedding-row",
          "template": "[X] [V]*3 [Y] .", "model": "m", "embeddingSHA256": "00",
        ]), to: "nan.safetensors")
    for url in [plain, text, notFinite, folder.url, folder.url.appending(path: "missing")] {
      #expect(throws: (any Error).self) { try SoftPrompt(url) }
    }
  }
}
