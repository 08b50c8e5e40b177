import Formats
import Foundation

/// A file of one JSON object a line, read whole.
struct JSONLines {
  /// One line and where it stands, for errors.
  struct Line {
    let json: JSON
    let place: String

    /// A field that must be there and not be empty.
    func text(_ name: String) throws(TransferError) -> String {
      guard let text = json[name]?.string, !text.isEmpty else {
        throw TransferError(place, "the field \(name) is missing, empty or no text")
      }
      return text
    }

    /// A label, which may be a number or a truth value as well; as it is written in JSON.
    func label(_ name: String) throws(TransferError) -> String {
      switch json[name] {
      case .integer(let number): return "\(number)"
      case .bool(let value): return "\(value)"
      default: return try text(name)
      }
    }
  }

  static let arrayHint = "Write one object a line: jq -c '.[]' FILE.json > FILE.jsonl"

  /// Throws where the whole file is one list.
  private static func refuseArray(_ data: Data, _ url: URL) throws(TransferError) {
    guard data.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") else { return }
    throw TransferError(url.path, "is a JSON array, where one object a line is read", hint: arrayHint)
  }

  /// Empty lines do not count.
  static func read(_ url: URL) throws -> [Line] {
    var data = try WholeFile.read(url, .facts)
    try WholeFile.requireLines(data, url)
    if data.starts(with: [0xEF, 0xBB, 0xBF]) { data.removeFirst(3) }  // a byte-order mark
    try refuseArray(data, url)
    let lines = data.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return try lines.enumerated().compactMap { number, line in
      guard line.contains(where: { $0 > 0x20 }) else { return nil }
      let place = "\(url.path), line \(number + 1)"
      do {
        return Line(json: try JSON.parse(line, as: .python), place: place)
      } catch {
        throw TransferError(
          place, "\(error)",
          hint: "Facts are one JSON object a line, with nothing between lines; a table ends in .csv or .tsv")
      }
    }
  }
}
