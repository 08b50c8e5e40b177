/// Sources down, targets across; a deeper colour is a higher share.
struct HeatMap: Panel {
  enum Cell: Sendable {
    /// - Parameter published: the paper's value, a share too
    case value(Interval, published: Double?, isToItself: Bool)
    case refused(String)
    case missing
    /// The experiment does not ask for it.
    case empty
  }

  let title: String
  let rows: [String]
  let columns: [String]
  let cells: [[Cell]]
  /// The share of the deepest colour: the same for all panels of a figure.
  let high: Double

  private var size: (width: Double, height: Double) { (84, hasPublished ? 60 : 46) }
  private static let top = 62.0
  /// The deepest colour still lets dark text be read on it.
  static let deepest = 0.66

  private var left: Double { min(190, max(112, (rows.map { TextWidth.of($0) }.max() ?? 0) + 14)) }
  var width: Double { left + Double(columns.count) * (size.width + 3) + 4 }
  var isElastic: Bool { false }

  private var hasPublished: Bool {
    cells.joined().contains { if case .value(_, .some, _) = $0 { true } else { false } }
  }

  func drawing(width: Double) -> Drawing {
    var drawing = Drawing(width: width, height: Self.top + Double(rows.count) * (size.height + 3) + 44)
    drawing.title(title)
    drawing.text("source ↓ target →", 0, Self.top - 10, "faint")
    for (column, name) in columns.enumerated() {
      drawing.text(
        TextWidth.fitted(name, size.width), x(column) + size.width / 2, Self.top - 10,
        anchor: .middle)
    }
    for (row, name) in rows.enumerated() {
      drawing.text(TextWidth.fitted(name, left - 8), 0, y(row) + size.height / 2 + 4)
      for column in columns.indices { draw(cells[row][column], row, column, &drawing) }
    }
    drawLegend(&drawing)
    return drawing
  }

  private func x(_ column: Int) -> Double { left + Double(column) * (size.width + 3) }
  private func y(_ row: Int) -> Double { Self.top + Double(row) * (size.height + 3) }

  static func opacity(_ share: Double, high: Double) -> Double {
    0.03 + (deepest - 0.03) * min(1, max(0, high > 0 ? share / high : 0))
  }

  private func draw(_ cell: Cell, _ row: Int, _ column: Int, _ drawing: inout Drawing) {
    let (x, y) = (x(column), y(row))
    let middle = x + size.width / 2
    let place = "\(rows[row]) to \(columns[column])"
    switch cell {
    case .value(let interval, let published, let isToItself):
      let paper = published.map { "; published \(Shown.percent($0))" } ?? ""
      drawing.rectangle(
        x, y, size.width, size.height, "heat", opacity: Self.opacity(interval.mean, high: high),
        title: "\(place): \(Shown.interval(interval)) %\(paper)")
      if isToItself {
        drawing.rectangle(x + 1, y + 1, size.width - 2, size.height - 2, "itself")
      }
      drawing.text(Shown.percent(interval.mean), middle, y + 20, "value", anchor: .middle)
      let more = [
        Shown.ends(interval), published.map { "paper " + Shown.percent($0) },
      ]
      for (line, text) in more.compactMap({ $0 }).enumerated() {
        drawing.text(
          text, middle, y + 36 + 15 * Double(line), "small on-heat", anchor: .middle)
      }
    case .refused(let reason):
      drawing.rectangle(x, y, size.width, size.height, "void", title: "\(place): \(reason)")
      drawing.text("refused", middle, y + size.height / 2 + 4, "small", anchor: .middle)
    case .missing:
      drawing.rectangle(x, y, size.width, size.height, "void", title: "\(place): not run yet")
      drawing.text("missing", middle, y + size.height / 2 + 4, "small", anchor: .middle)
    case .empty:
      drawing.text("·", middle, y + size.height / 2 + 4, "faint", anchor: .middle)
    }
  }

  private func drawLegend(_ drawing: inout Drawing) {
    let y = drawing.height - 28
    let steps = 24
    let width = min(150, drawing.width - left)
    for step in 0..<steps {
      let share = high * (Double(step) + 0.5) / Double(steps)
      drawing.rectangle(
        left + width * Double(step) / Double(steps), y, width / Double(steps) + 0.3, 8, "heat",
        opacity: Self.opacity(share, high: high))
    }
    drawing.text("P@1", left - 8, y + 8, "small", anchor: .end)
    drawing.text("0", left, y + 21, "small")
    drawing.text(
      "\(Shown.setting((1000 * high).rounded() / 10)) %", left + width, y + 21, "small", anchor: .end)
  }
}
