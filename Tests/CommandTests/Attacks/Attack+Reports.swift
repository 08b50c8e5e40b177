import Formats
import Foundation

/// Reports of what is hostile.
extension Attack {
  /// An experiment whose labels and answers are hostile, and what is made of it.
  static func reports(_ draw: inout Draw) throws -> Attack {
    let text = draw.one(texts.filter { !$0.contains("\0") && !$0.isEmpty && $0.utf8.count < 20_000 })
    let subject = draw.one(texts.filter { $0.utf8.count < 20_000 })
    return Attack(
      name: "\(text.prefix(20).debugDescription) and \(subject.prefix(20).debugDescription)", arguments: [],
      prepare: { folder in
        try Data(AttackWorld.grid(text, "capital").utf8).write(to: folder.appending(path: "grid.json"))
        let quoted = String(decoding: JSON.string(subject).text, as: UTF8.self).trimmingCharacters(
          in: .newlines)
        let fact = #"{"sub_label": \#(quoted), "obj_label": "paris", "predicate_id": "capital"}"#
        for split in ["train", "dev", "test"] {
          let file = folder.appending(path: "relations/capital/\(split).jsonl")
          try (try Data(contentsOf: file) + Data("\n\(fact)".utf8)).write(to: file)
        }
      },
      script:
        "\"$0\" experiment run grid.json -o r --quiet > out && exec \"$0\" experiment report grid.json -o r --quiet",
      check: { folder, _ in
        let report = folder.appending(path: "r/report")
        let names = FileManager.default.enumerator(atPath: report.path)?.compactMap { $0 as? String } ?? []
        return names.flatMap { name -> [String] in
          guard let text = try? String(contentsOf: report.appending(path: name), encoding: .utf8) else {
            return []
          }
          var faults: [String] = []
          let steering = text.unicodeScalars.first { $0 != "\n" && $0 != "\r" && VisibleText.steers($0) }
          if let steering { faults.append("\(name) holds U+\(String(steering.value, radix: 16))") }
          // Code stands in Markdown as it is, indented; tables hold text as it is.
          let prose = text.split(separator: "\n").filter { name != "report.md" || !$0.hasPrefix("    ") }
          if !name.hasPrefix("tables/"), prose.contains(where: { $0.contains("<script>alert") }) {
            faults.append("\(name) holds a script")
          }
          guard name.hasSuffix(".csv") else { return faults }
          let cells = text.split(separator: "\n").flatMap { $0.split(separator: ",") }
          faults += cells.filter { cell in
            let bare = cell.drop { $0 == "\"" }
            return bare.first.map { "=+-@".contains($0) } == true && Double(bare) == nil
          }.map { "\(name) has the formula \($0.prefix(40))" }
          return faults
        }
      }, seconds: 40)
  }
}
