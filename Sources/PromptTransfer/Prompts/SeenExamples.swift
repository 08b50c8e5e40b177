import Formats
import Foundation

/// Which examples a prompt was tuned on: a short hash of each, which says of an example at hand whether it was among them, and
/// nothing of those that are not.
struct SeenExamples {
  static let key = "examplesSeen"
  /// Hexadecimal digits of a hash: of a million examples about one is taken for one of a million others.
  private static let width = 10
  /// More are not listed.
  private static let most = 20_000

  private let hashes: Set<String>

  init(_ examples: [Example]) { hashes = Set(examples.map(Self.hash)) }

  /// Those of a prompt, of what it was refined from and of the prompts that it was carried from.
  init(of provenance: [String: String]) {
    hashes = provenance.reduce(into: []) { hashes, entry in
      let isNested = ["refines", "sources"].contains(entry.key)
      let value = isNested ? try? JSON.parse(Data(entry.value.utf8)) : .string(entry.value)
      hashes.formUnion(Self.hashes(value ?? .null, key: entry.key))
    }
  }

  private static func hashes(_ value: JSON, key: String) -> Set<String> {
    switch value {
    case .string(let text) where key == Self.key:
      Set(text.split(separator: " ").map(String.init))
    case .object(let members): members.reduce(into: []) { $0.formUnion(hashes($1.value, key: $1.key)) }
    case .array(let values): values.reduce(into: []) { $0.formUnion(hashes($1, key: key)) }
    default: []
    }
  }

  /// Entries of a prompt file: a hash of all examples, in whatever order they were read, and of each where they are not too many.
  var provenance: [String: String] {
    let text = hashes.sorted().joined(separator: " ")
    let whole = ["factsSHA256": SecureHash.sha256(Data(text.utf8))]
    return hashes.count > Self.most ? whole : whole.merging([Self.key: text]) { $1 }
  }

  func contains(_ example: Example) -> Bool { hashes.contains(Self.hash(example)) }

  private static func hash(_ example: Example) -> String {
    let text = [example.subject, example.second ?? "", example.object].joined(separator: "\0")
    return String(SecureHash.sha256(Data(text.utf8)).prefix(width))
  }
}

extension SoftPrompt {
  /// The entry of `provenance` that lists hashes of the examples.
  package static let examplesSeenKey = SeenExamples.key

  /// How many of the examples were among those that it, or a prompt that it comes from, was tuned on; as far as their files say it.
  public func countOfSeen(_ examples: [Example]) -> Int {
    let seen = SeenExamples(of: provenance)
    return examples.count(where: seen.contains)
  }
}
