/// A table as CSV (RFC 4180 with line feeds), every number as it is stored.
///
/// An interval fills four columns and a difference five, so that each field holds one value.
enum CSVRenderer {
  static func text(_ table: Table) -> String {
    let lines =
      [table.columns.flatMap(titles)]
      + table.rows.map { row in
        zip(row, table.columns).flatMap { value, column in fields(value, column.kind) }
      }
    return lines.map { $0.map(Escaping.csv).joined(separator: ",") + "\n" }.joined()
  }

  private static func titles(_ column: Table.Column) -> [String] {
    switch column.kind {
    case .text, .number: [column.title]
    case .interval: ["mean", "low", "high", "count"].map { "\(column.title) (\($0))" }
    case .difference:
      ["difference", "low", "high", "relations", "beyond noise"].map { "\(column.title) (\($0))" }
    }
  }

  private static func fields(_ value: Table.Value, _ kind: Table.Column.Kind) -> [String] {
    switch value {
    case .text(let text): [text]
    case .number(let number): [plain(number)]
    case .interval(let interval, _):
      [
        plain(interval.mean), interval.low.map(plain) ?? "", interval.high.map(plain) ?? "",
        "\(interval.count)",
      ]
    case .difference(let comparison):
      [
        plain(comparison.difference), plain(comparison.low), plain(comparison.high),
        "\(comparison.relationCount)", comparison.isBeyondNoise ? "yes" : "no",
      ]
    case .absent:
      switch kind {
      case .text, .number: [""]
      case .interval: ["", "", "", ""]
      case .difference: ["", "", "", "", ""]
      }
    }
  }

  private static func plain(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
  }
}
