import ArgumentParser
import Foundation
import PromptTransfer

/// A source on the command line: `MODEL=PROMPT`, or `MODEL=PROMPT@WEIGHT`.
struct SourceArgument: ExpressibleByArgument, Encodable {
  let model: String
  let prompt: String
  let weight: Float

  static let help: ArgumentHelp = "A source: MODEL=PROMPT, or MODEL=PROMPT@WEIGHT. May be repeated."

  /// Paths may hold both signs: the model ends at the first `=` after something that exists, and `@` is a weight's only where
  /// there is no file of the whole name.
  init?(argument: String) {
    let places = argument.indices.filter { argument[$0] == "=" && $0 != argument.startIndex }
    func exists(_ path: some StringProtocol) -> Bool { FileManager.default.fileExists(atPath: String(path)) }
    guard
      let equals = places.first(where: {
        argument.hasPrefix("zoo:") || argument.hasPrefix("hf:") || exists(argument[..<$0])
      })
        ?? places.first
    else { return nil }
    let rest = String(argument[argument.index(after: equals)...])
    guard !rest.isEmpty else { return nil }
    model = String(argument[..<equals])
    if !exists(rest), let at = rest.lastIndex(of: "@"), Float(rest[rest.index(after: at)...]) == nil,
      exists(rest[..<at])
    {
      return nil
    }
    guard !exists(rest), let at = rest.lastIndex(of: "@"), let weight = Float(rest[rest.index(after: at)...])
    else {
      (prompt, weight) = (rest, 1)
      return
    }
    guard weight > 0, weight.isFinite else { return nil }
    prompt = String(rest[..<at])
    self.weight = weight
  }
}
