import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// ALBERT's groups where they do not divide the layers: layer `i` of L runs group `int(i / (L / G))`, with a real quotient
/// (transformers' `AlbertTransformer.forward`).
@Suite struct UnevenGroupsTests {
  /// Two groups run as `groups` says, and as many groups as layers that are copies of them.
  @Test(arguments: [[0, 0, 1], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1]])
  func layersAreDealtOut(_ groups: [Int]) throws {
    let folder = try TemporaryFolder()
    let shared = try model(folder, "shared", groups: 2, layers: groups.count) { [$0] }
    let own = try model(folder, "own", groups: groups.count, layers: groups.count) { group in
      groups.indices.filter { groups[$0] == group }
    }
    let prompt = Samples.matrix(2, shared.configuration.embeddingWidth, "prompt")
    let input = PromptedInput(
      elements: [.token(1), .vector(0), .token(7), .vector(1), .token(3)], readPosition: 2)
    func logits(_ model: FrozenModel) -> Matrix {
      model.logits([input], prompt: prompt, candidates: model.allWords, Workspace())
    }
    #expect(logits(shared) == logits(own))
  }

  /// The fixture albert-groups with other numbers of groups and layers.
  /// - Parameter places: which groups of the new model get the weights of a group
  private func model(
    _ folder: TemporaryFolder, _ name: String, groups: Int, layers: Int, places: (Int) -> [Int]
  ) throws -> FrozenModel {
    let source = Fixtures.model("albert-groups")
    let file = try SafetensorsFile(source.appending(path: "model.safetensors"))
    var tensors: [String: Matrix] = [:]
    for entry in file.header.entries where entry.typeName == "F32" {
      let columns = entry.shape.last ?? 1
      let values = try file.matrix(
        entry, rows: entry.shape.dropLast().reduce(1, *), columns: columns)
      let stem = "albert_layer_groups."
      guard let start = entry.name.range(of: stem)?.upperBound,
        let group = entry.name[start...].prefix(while: \.isNumber).first.flatMap({ Int(String($0)) })
      else {
        tensors[entry.name] = values
        continue
      }
      for place in places(group) {
        tensors[entry.name.replacing("\(stem)\(group).", with: "\(stem)\(place).")] = values
      }
    }
    var configuration = try String(contentsOf: source.appending(path: "config.json"), encoding: .utf8)
    for (key, value) in [("num_hidden_groups", groups), ("num_hidden_layers", layers)] {
      configuration.replace(try Regex("\"\(key)\": *[0-9]+"), with: "\"\(key)\": \(value)")
    }
    try folder.write(configuration, to: "\(name)/config.json")
    try folder.write(
      SafetensorsFile.serialize(tensors, metadata: ["format": "pt"]), to: "\(name)/model.safetensors")
    return try FrozenModel(folder: folder.url.appending(path: name))
  }
}
