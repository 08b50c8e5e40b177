import Foundation

/// Shares against another measure, a mark for each point; groups differ by form and colour.
struct ScatterChart: Panel {
  struct Group: Sendable {
    let name: String
    let points: [(x: Double, share: Double, title: String)]
    /// From the paper, drawn as grey crosses.
    var isPublished = false
  }

  let xTitle: String
  let groups: [Group]
  let high: Double
  let width: Double

  var isElastic: Bool { true }

  func drawing(width: Double) -> Drawing {
    let legend = legendPlaces(width)
    let top = (legend.last?.y ?? 0) + 22
    let bottom = top + (width >= 480 ? 320 : 230)
    var drawing = Drawing(width: width, height: bottom + 40)
    let values = groups.flatMap { $0.points.map(\.x) }
    let step = Scale.roundStep(max(1e-6, (values.max() ?? 1) - (values.min() ?? 0)) / 5)
    let x = Scale(
      .linear, low: ((values.min() ?? 0) / step).rounded(.down) * step,
      high: ((values.max() ?? 1) / step).rounded(.up) * step, from: 56, to: width - 14)
    let y = Scale(.linear, low: 0, high: high, from: bottom, to: top)
    for tick in y.ticks(5) {
      drawing.line(48, y(tick), width - 6, y(tick), "grid")
      drawing.text(Shown.setting((1000 * tick).rounded() / 10), 42, y(tick) + 4, "small", anchor: .end)
    }
    let digits = step < 1 ? Int(-log10(step).rounded(.down)) : 0
    for tick in LabelPlacement.thinned(x.ticks(6), x, gap: 46) {
      drawing.line(x(tick), bottom, x(tick), bottom + 4, "tick")
      drawing.text(Shown.number(tick, digits: digits), x(tick), bottom + 17, "small", anchor: .middle)
    }
    drawing.text("P@1 in %", 10, (y.start + y.end) / 2, "small", anchor: .middle, rotated: -90)
    drawing.text(xTitle, (x.start + x.end) / 2, bottom + 34, "small", anchor: .middle)
    for (index, group) in groups.enumerated() {
      let (form, style) = (mark(group, index), style(group, index))
      drawing.mark(form, legend[index].x + 5, legend[index].y, "point \(style)")
      drawing.text(
        TextWidth.fitted(group.name, width - 20), legend[index].x + 14, legend[index].y + 4, "name \(style)")
      for point in group.points {
        drawing.mark(form, x(point.x), y(point.share), size: 3.6, "point open \(style)", title: point.title)
      }
    }
    return drawing
  }

  private func mark(_ group: Group, _ index: Int) -> Mark { group.isPublished ? .cross : .number(index) }
  private func style(_ group: Group, _ index: Int) -> String { group.isPublished ? "paper" : "s\(index % 6)" }

  /// Side by side, in as many rows as they need.
  private func legendPlaces(_ width: Double) -> [(x: Double, y: Double)] {
    var places: [(x: Double, y: Double)] = []
    var (x, y) = (0.0, 10.0)
    for group in groups {
      let needed = TextWidth.of(group.name) + 34
      if x > 0, x + needed > width { (x, y) = (0, y + 18) }
      places.append((x, y))
      x += needed
    }
    return places
  }
}
