/// A table in a box of its own that scrolls, so that the page never does.
struct HTMLTable {
  let table: Table
  let labelID: String

  init(_ table: Table, labelledBy labelID: String) { (self.table, self.labelID) = (table, labelID) }

  var markup: String {
    """
    <div class="box" role="region" aria-labelledby="\(labelID)" tabindex="0">
    <table\(table.isInteractive ? " class=\"interactive\"" : "") aria-labelledby="\(labelID)">
    <thead><tr>\(table.columns.map(header).joined())</tr></thead>
    <tbody>
    \(table.rows.map(row).joined(separator: "\n"))
    </tbody>
    </table>
    </div>
    """
  }

  private func header(_ column: Table.Column) -> String {
    "<th scope=\"col\"\(column.kind == .text ? "" : " class=\"number\"")>\(Escaping.html(column.title))</th>"
  }

  private func row(_ row: [Table.Value]) -> String {
    let cells = zip(row, table.columns).enumerated().map { index, cell in
      index == 0
        ? "<th scope=\"row\">\(content(cell.0, cell.1.kind))</th>"
        : "<td\(attributes(cell.0, cell.1.kind))>\(content(cell.0, cell.1.kind))</td>"
    }
    return "<tr>\(cells.joined())</tr>"
  }

  private func attributes(_ value: Table.Value, _ kind: Table.Column.Kind) -> String {
    var text = kind == .text ? "" : " class=\"number\""
    switch value {
    case .number(let number): text += " data-value=\"\(number)\""
    case .interval(let interval, _): text += " data-value=\"\(interval.mean)\""
    case .difference(let comparison): text += " data-value=\"\(comparison.difference)\""
    case .absent(let reason): text += " title=\"\(Escaping.html(reason))\""
    case .text: break
    }
    return text
  }

  private func content(_ value: Table.Value, _ kind: Table.Column.Kind) -> String {
    switch value {
    case .interval(let interval, let standing):
      let half = Shown.ends(interval).map { " <small>\($0)</small>" } ?? ""
      let sign = standing.map {
        " <span class=\"sign\" role=\"img\" aria-label=\"\($0.words)\" title=\"\($0.words)\">\($0.sign)</span>"
      }
      return Shown.percent(interval.mean) + half + (sign ?? "")
    case .difference(let comparison):
      return Shown.points(comparison.difference) + " <small>\(Shown.range(comparison))</small>"
    case .absent(let reason):
      return "<span aria-hidden=\"true\">–</span><span class=\"hidden\">\(Escaping.html(reason))</span>"
    default: return Escaping.html(Shown.value(value, kind))
    }
  }
}
