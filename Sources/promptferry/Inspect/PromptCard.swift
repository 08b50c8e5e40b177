import Formats
import Foundation
import PromptTransfer

/// What a prompt is, whom it belongs to, and how it was made.
struct PromptCard: Encodable {
  let form: PromptFile.Form
  /// Where the file says whom it was made for.
  let model, embeddingSHA256: String?
  let template: String
  let vectorCount, width: Int
  let lengths: [Double]
  let provenance: [String: String]
  private(set) var nearestWords: [[String]]?
  private let nearest: [[(word: String, cosine: Float)]]?

  enum CodingKeys: CodingKey {
    case form, model, embeddingSHA256, template, vectorCount, width, lengths, provenance, nearestWords
  }

  /// Throws when the prompt is not that model's.
  init(_ file: PromptFile, _ space: EmbeddingSpace?) throws {
    (form, model, embeddingSHA256) = (file.form, file.modelName, file.embeddingFingerprint)
    (template, provenance) = (file.template.description, file.provenance)
    (vectorCount, width) = (file.vectors.rows, file.vectors.columns)
    lengths = file.lengths
    nearest = try space.map { space in
      try file.prompt(in: space).requireMatch(space.table, name: space.name)
      return try space.nearestWords(to: file.vectors, count: 6)
    }
    nearestWords = nearest?.map { $0.map(\.word) }
  }

  var text: String {
    let kind =
      switch form {
      case .promptferry: "a prompt"
      case .peft: "a PEFT adapter"
      case .numpy: "an array of NumPy's"
      case .pytorch: "a tensor of PyTorch's"
      }
    var rows = [("fingerprint", embeddingSHA256 ?? "not said: any model of this width may be meant")]
    rows += provenance.filter { $0.key != SoftPrompt.examplesSeenKey }.sorted { $0.key < $1.key }.map {
      (VisibleText.line(Self.words($0.key), limit: 40), Self.readable($0.value))
    }
    if nearest == nil {
      rows.append(("nearest words", "with --model \(provenance[ModelPlace.argumentKey] ?? model ?? "MODEL")"))
    }
    let width = rows.map(\.0.count).max() ?? 0
    var lines = [
      "\(kind) for \((model ?? "some model").shown): \(vectorCount) vectors of width \(self.width) in \"\(template.shown)\""
    ]
    lines += rows.map { $0.0.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.1.shown }
    for (row, length) in lengths.enumerated() {
      let words = nearest.map { nearest in
        "  near " + nearest[row].map { "\($0.word.shown) \($0.cosine.formatted(2))" }.joined(separator: ", ")
      }
      lines.append("V\(row + 1)  length \(length.formatted(3))" + (words ?? ""))
    }
    return lines.joined(separator: "\n")
  }

  /// "bestDevAccuracy" as words: "best dev accuracy"; "SHA256" stays.
  private static func words(_ key: String) -> String {
    key.replacing(/([a-z])([A-Z]+)/) { "\($0.1) \($0.2.count == 1 ? $0.2.lowercased() : String($0.2))" }
  }

  /// JSON within the metadata without its brackets and quotes; long fingerprints cut.
  private static func readable(_ text: String) -> String {
    guard let value = try? JSON.parse(Data(text.utf8)) else { return shortened(text) }
    return readable(value)
  }

  private static func readable(_ value: JSON) -> String {
    switch value {
    case .object(let members):
      members.filter { $0.key != SoftPrompt.examplesSeenKey }.map {
        if case .object = $0.value {
          "\(words($0.key)) (\(readable($0.value)))"
        } else {
          "\(words($0.key)) \(readable($0.value))"
        }
      }.joined(separator: ", ")
    case .array(let values): values.map(readable).joined(separator: "; ")
    case .string(let text): shortened(text)
    case .number(let number): number.magnitude < 1e-3 ? "\(number)" : number.formatted(4)
    case .integer(let number): "\(number)"
    case .bool(let isTrue): isTrue ? "yes" : "no"
    case .null: "none"
    }
  }

  private static func shortened(_ text: String) -> String {
    text.wholeMatch(of: /[0-9a-f]{64}/) == nil ? text : "\(text.prefix(12))…"
  }
}
