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
}
