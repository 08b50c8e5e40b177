import ArgumentParser
import Foundation
import PromptTransfer

/// The inputs that are embedded together with a prompt, for servers that take whole sequences.
struct ServingOptions: ParsableArguments {
  @Option(name: .customLong("input"), help: "A text for [X]; may be given several times.")
  var inputs: [String] = []
  @Option(
    help: "Facts whose subjects are texts for [X], each once: those of --split.", completion: .directory)
  var subjects: String?
  @Option(help: "Which of --subjects: train, dev or test.") var split: ExampleSet.Split = .test

  var isEmpty: Bool { inputs.isEmpty && subjects == nil }

  func dataset() throws -> Dataset? { try subjects.map(Location.dataset) }

  /// The texts in the order of the command, subjects last.
  func texts() throws -> [String] {
    let set = try dataset()?.subjects(split)
    if let subjects, set?.havePairs == true {
      throw TransferError(subjects, "has two texts to each example", hint: "Give each whole input by --input")
    }
    let found = set?.subjects ?? []
    if let subjects, found.isEmpty { throw TransferError(subjects, "holds no \(split.rawValue) subjects") }
    return inputs + found
  }
}
