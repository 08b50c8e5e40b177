import Formats
import Foundation

/// The manual templates of a probing set.
public enum Templates {
  /// Reads LAMA's `relations.jsonl`: one JSON object a line with `relation` and `template`, in the file's order.
  public static func read(_ url: URL) throws -> [(relation: String, template: Template)] {
    try JSONLines.read(url).map { line in
      (try line.text("relation"), try Template(line.text("template")))
    }
  }

  /// The template of one relation in such a file, whatever the others are; nil where it has none.
  static func read(_ url: URL, of relation: String) throws -> Template? {
    let line = try JSONLines.read(url).first { $0.json["relation"]?.string == relation }
    guard let line else { return nil }
    let text = try line.text("template")
    do {
      return try Template(text)
    } catch {
      throw TransferError("\(line.place), \(error.subject)", error.problem, hint: error.hint)
    }
  }
}
