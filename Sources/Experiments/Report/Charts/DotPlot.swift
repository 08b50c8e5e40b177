/// Names down, a mean with its interval for each along one axis.
struct DotPlot: Panel {
  struct Row: Sendable {
    let name: String
    let interval: Interval?
    var standing: Standing?
    /// A value from elsewhere beside it.
    var published: Double?
    /// Why there is no mean.
    var absence: String?
  }

  /// What the axis measures and how its values are written.
  struct Axis: Sendable {
    let title: String
    let scale: Scale.Kind
    let low, high: Double
    let shown: @Sendable (Double) -> String
    /// At the ticks, where that is shorter.
    let tick: @Sendable (Double) -> String

    /// Shares, from zero.
    static func shares(_ title: String, high: Double) -> Axis {
      Axis(title: title, scale: .linear, low: 0, high: high, shown: Shown.percent) {
        Shown.setting((1000 * $0).rounded() / 10)
      }
    }
  }

  let title: String
  let rows: [Row]
  let axis: Axis
  /// The row whose mean is drawn through all others.
  var reference: Int?
  var width = 326.0

  var isElastic: Bool { true }
  private static let rowHeight = 21.0

  func drawing(width: Double) -> Drawing {
    var drawing = Drawing(width: width, height: 0)
    let top = drawing.title(title) + (title.isEmpty ? 8 : 13)
    let bottom = top + Double(rows.count) * Self.rowHeight
    drawing.height = bottom + 38
    let left = min(0.5 * width, (rows.map { TextWidth.of($0.name) }.max() ?? 0) + 10)
    let scale = Scale(axis.scale, low: axis.low, high: axis.high, from: left + 6, to: width - 52)
    for tick in scale.ticks(4) {
      drawing.line(scale(tick), top, scale(tick), bottom, "grid")
      drawing.text(axis.tick(tick), scale(tick), bottom + 15, "small", anchor: .middle)
    }
    drawing.text(axis.title, (scale.start + scale.end) / 2, bottom + 31, "small", anchor: .middle)
    if let reference, let mean = rows[reference].interval?.mean {
      drawing.line(scale(mean), top, scale(mean), bottom, "reference")
    }
    for (index, row) in rows.enumerated() {
      draw(row, top + (Double(index) + 0.5) * Self.rowHeight, left, scale, &drawing)
    }
    return drawing
  }

  private func draw(_ row: Row, _ y: Double, _ left: Double, _ scale: Scale, _ drawing: inout Drawing) {
    let weight = row.standing == .baseline ? "strong" : ""
    drawing.text(TextWidth.fitted(row.name, left - 8), left - 6, y + 4, weight, anchor: .end)
    if let published = row.published {
      drawing.mark(
        .cross, scale(published), y, "published", title: "\(row.name), published: \(axis.shown(published))")
    }
    guard let interval = row.interval else {
      drawing.text(row.absence ?? "missing", scale.start, y + 4, "small")
      return
    }
    if let low = interval.low, let high = interval.high {
      drawing.line(scale(low), y, scale(high), y, "range")
    }
    // Of few seeds each is shown.
    if interval.points.count < Interval.fewest {
      for point in interval.points { drawing.mark(.circle, scale(point), y, size: 1.8, "dot") }
    }
    let (form, style) =
      switch row.standing {
      case .baseline: (Mark.diamond, "dot")
      case .noise, .untold: (Mark.circle, "dot hollow")
      default: (Mark.circle, "dot")
      }
    let words = row.standing.map { ", " + $0.words } ?? ""
    drawing.mark(
      form, scale(interval.mean), y, size: 4.2, style,
      title:
        "\(row.name): \(axis.shown(interval.mean))\(Shown.ends(interval, axis.shown).map { " " + $0 } ?? "")\(words)"
    )
    drawing.text(axis.shown(interval.mean), drawing.width, y + 4, "number", anchor: .end)
  }
}
