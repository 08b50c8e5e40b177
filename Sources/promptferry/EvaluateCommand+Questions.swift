import ArgumentParser
import Foundation
import PromptTransfer
import Tensors

extension EvaluateCommand {
  /// Facts that are asked with one prompt, or with a manual template.
  struct Question {
    let examples: [Example]
    let template: Template
    /// Nil for a manual template.
    let prompt: SoftPrompt?
  }

  /// One for all facts, or, where the prompt is a folder of prompts, one for each relation that has one there.
  func questions(_ data: Dataset, _ set: ExampleSet, _ model: LanguageModel) throws -> [Question] {
    let given = try template.map { try Template($0) }
    guard let prompt else {
      guard let layout = given else { return try inOwnWords(data) }
      guard layout.vectorCount == 0 else {
        throw TransferError(
          "template \"\(layout)\"", "has prompt vectors", hint: "Give the prompt with --prompt")
      }
      return [Question(examples: set.examples, template: layout, prompt: nil)]
    }
    let place = URL(fileURLWithPath: prompt)
    func question(_ file: URL, _ examples: [Example]) throws -> Question {
      let soft = try PromptFile(file, template: given).prompt(in: model.space)
      try soft.requireMatch(model.space.table, name: self.model)
      return Question(examples: examples, template: soft.template, prompt: soft)
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder), isFolder.boolValue,
      !PromptFile.isPrompt(place)
    else { return [try question(place, set.examples)] }
    return try ofEachRelation(place, data, set).map { try question($0.file, $0.examples) }
  }

  /// Each relation in the words of its own manual template.
  private func inOwnWords(_ data: Dataset) throws -> [Question] {
    try data.relations(split).map { relation in
      guard let template = try relation.manualTemplate() else {
        throw ValidationError(
          "give --prompt or --template: \(relation.name.shown) has no template of its own")
      }
      return Question(examples: try relation.read(split).examples, template: template, prompt: nil)
    }
  }

  /// The prompts of a folder, `NAME.safetensors`, and the facts of the relation of that name: a folder of facts, or rows of a
  /// table.
  private func ofEachRelation(
    _ folder: URL, _ data: Dataset, _ set: ExampleSet
  ) throws -> [(file: URL, examples: [Example])] {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }
    let prompts = Set(files.map { String($0.dropLast(".safetensors".count)) })
    let parts = try data.relations(split)
    var facts: [(name: String, examples: [Example])] = []
    if parts.count > 1 || prompts.contains(data.stem) {
      facts = try parts.map { ($0.stem, try $0.read(split).examples) }
    } else {
      facts = Dictionary(grouping: set.examples, by: \.relation).map { ($0.key, $0.value) }
    }
    facts.sort { $0.name < $1.name }
    let found = facts.filter { prompts.contains($0.name) }
    guard !found.isEmpty else {
      throw TransferError(
        folder.relativePath, "holds no prompt for the relations of \(self.facts)",
        hint: "A prompt is NAME.safetensors, as \(facts[0].name).safetensors")
    }
    let (lacking, idle) = (facts.count - found.count, prompts.count - found.count)
    if lacking > 0 { common.note("\(lacking) of \(facts.count) relations have no prompt and are not asked.") }
    if idle > 0 { common.note("\(idle) of \(prompts.count) prompts have no facts and are not used.") }
    return found.map { (folder.appendingPathComponent("\($0.name).safetensors"), $0.examples) }
  }
}
