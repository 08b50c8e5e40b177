import Formats
import Foundation

/// `tokenizer.json` as a file to change.
package enum TokenizerFile {
  package static let name = "tokenizer.json"

  /// The file of a folder with further tokens, numbered from `first` on. Each is cut out of the text as it stands, with the
  /// white space around it, and is special: decoding can skip it.
  package static func adding(_ tokens: [String], from first: Int, folder: URL) throws -> Data {
    let url = folder.appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw TokenizationError(
        file: folder.path, expected: "tokenizer.json, to add tokens to", found: "none",
        hint: "Write it with AutoTokenizer.from_pretrained(…).save_pretrained(…)")
    }
    let file = try JSON(contentsOf: url, limit: .vocabulary)
    let added = tokens.enumerated().map { index, token -> JSON in
      [
        "id": .integer(first + index), "content": .string(token), "single_word": false, "lstrip": true,
        "rstrip": true, "normalized": false, "special": true,
      ]
    }
    return file.setting("added_tokens", to: .array((file["added_tokens"]?.array ?? []) + added)).text
  }
}
