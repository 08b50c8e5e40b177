/// A table for LaTeX with the package `booktabs`, its values as on the page.
enum LaTeXRenderer {
  static func text(_ table: Table) -> String {
    let columns = table.columns.map { $0.kind == .text ? "l" : "r" }.joined()
    let header = row(table.columns.map(\.title))
    let caption = [table.title + ".", table.caption.plain].filter { !$0.isEmpty }
    let rows = table.rows.map { row(zip($0, table.columns).map { Shown.value($0, $1.kind) }) }
    return """
      \\begin{table}
        \\centering
        \\caption{\(caption.map(Escaping.latex).joined(separator: " "))}
        \\label{tab:\(table.id)}
        \\begin{tabular}{\(columns)}
          \\toprule
          \(header)
          \\midrule
          \(rows.joined(separator: "\n    "))
          \\bottomrule
        \\end{tabular}
      \\end{table}

      """
  }

  private static func row(_ cells: [String]) -> String {
    cells.map(Escaping.latex).joined(separator: " & ") + " \\\\"
  }
}
