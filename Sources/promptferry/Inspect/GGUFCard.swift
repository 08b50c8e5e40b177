import Checkpoints
import Formats
import Foundation

/// What a GGUF file is, besides the model in it.
struct GGUFCard: Encodable {
  let architecture: String
  let version, tensors, bytes: Int
  /// How many tensors there are of each type.
  let types: [String: Int]
  /// `tokenizer.ggml.model`, and the pre-tokenizer where it has a say.
  let tokenizer: String
  let preTokenizer: String?
  /// Whether texts begin with the BOS.
  let beginsWithBOS: Bool
  let name, license: String?
  private let order: [(type: String, count: Int)]

  enum CodingKeys: CodingKey {
    case architecture, version, tensors, bytes, types, tokenizer, preTokenizer, beginsWithBOS, name, license
  }

  init(_ file: GGUFFile, beginsWithBOS: Bool) throws {
    let metadata = file.metadata
    architecture = try metadata.string("general.architecture") ?? ""
    tokenizer = try metadata.string("tokenizer.ggml.model") ?? "none"
    preTokenizer = tokenizer == "gpt2" ? try metadata.string("tokenizer.ggml.pre") : nil
    (name, license) = (try metadata.string("general.name"), try metadata.string("general.license"))
    (version, tensors, self.beginsWithBOS) = (file.version, file.entries.count, beginsWithBOS)
    bytes = file.file.withBytes(\.count)
    order = file.typeCounts
    types = Dictionary(uniqueKeysWithValues: order.map { ($0.type, $0.count) })
  }

  var text: String {
    """
    file         GGUF version \(version), \((Double(bytes) / 1e6).formatted(1)) MB, \(tensors) tensors of \
    \(architecture.shown): \(order.map { "\($0.count) \($0.type)" }.joined(separator: ", "))
    tokenizer    \(tokenizer.shown)\(preTokenizer.map { " (\($0.shown))" } ?? "")\
    , texts begin with \(beginsWithBOS ? "the BOS" : "no BOS")
    """
  }
}
