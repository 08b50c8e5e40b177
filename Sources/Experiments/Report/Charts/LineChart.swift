/// Shares against a setting: a line for each series, its 95 % interval as a band.
struct LineChart: Panel {
  struct Line: Sendable {
    let name: String
    /// By increasing x.
    let points: [(x: Double, share: Interval)]
    /// From the paper, drawn in grey with crosses.
    var isPublished = false

    /// Without the points that a logarithmic axis has no place for.
    var positive: Line {
      Line(name: name, points: points.filter { $0.x > 0 }, isPublished: isPublished)
    }
  }

  /// A share without x: a level to compare with.
  struct Level: Sendable {
    let name: String
    let share: Double
  }

  let title: String
  let xTitle: String
  /// Then every x is positive.
  let isLogarithmic: Bool
  let lines: [Line]
  var levels: [Level] = []
  /// The share at the top: the same for all panels of a figure.
  let high: Double
  let width: Double

  var isElastic: Bool { true }

  /// A single line needs no name: the title of the figure tells it.
  private var isPlain: Bool { lines.count == 1 && levels.isEmpty }
  private static let lineHeight = 16.0

  func drawing(width: Double) -> Drawing {
    let names = (lines.map(\.name) + levels.map(\.name)).map { TextWidth.of($0) }.max() ?? 0
    let isDirect = width >= 480
    let right = isDirect ? min(200, names + 22) : 14
    let legend = isDirect || isPlain ? 0 : Double(lines.count + levels.count) * Self.lineHeight + 6
    var drawing = Drawing(width: width, height: 0)
    let titleHeight = drawing.title(title)
    let top = titleHeight + (title.isEmpty ? 12 : 13) + legend
    let bottom = top + (isDirect ? 300 : 190)
    drawing.height = bottom + 40
    let frame = Frame(
      x: xScale(from: 52, to: width - right - 8),
      y: Scale(.linear, low: 0, high: high, from: bottom, to: top))
    drawAxes(frame, &drawing)
    for level in levels { drawing.line(48, frame.y(level.share), frame.x.end, frame.y(level.share), "level") }
    for (index, line) in lines.enumerated() { draw(line, index, frame, &drawing) }
    if isDirect {
      drawNames(frame, width - right + 4, &drawing)
    } else if !isPlain {
      drawLegend(titleHeight + (title.isEmpty ? 10 : 15), &drawing)
    }
    return drawing
  }

  private struct Frame { let x, y: Scale }

  private var values: [Double] { Array(Set(lines.flatMap { $0.points.map(\.x) })).sorted() }

  private func xScale(from start: Double, to end: Double) -> Scale {
    isLogarithmic
      ? Scale(.logarithmic, low: values.first ?? 1, high: values.last ?? 1, from: start + 8, to: end)
      : Scale(.linear, low: values.first ?? 0, high: values.last ?? 1, from: start + 8, to: end)
  }

  private func drawAxes(_ frame: Frame, _ drawing: inout Drawing) {
    let bottom = frame.y.start
    for tick in frame.y.ticks(5) {
      drawing.line(48, frame.y(tick), frame.x.end, frame.y(tick), "grid")
      drawing.text(
        Shown.setting((1000 * tick).rounded() / 10), 42, frame.y(tick) + 4, "small", anchor: .end)
    }
    for tick in LabelPlacement.thinned(values, frame.x, gap: 40) {
      drawing.line(frame.x(tick), bottom, frame.x(tick), bottom + 4, "tick")
      drawing.text(Shown.setting(tick), frame.x(tick), bottom + 17, "small", anchor: .middle)
    }
    drawing.text(
      "P@1 in %", 10, (frame.y.start + frame.y.end) / 2, "small", anchor: .middle, rotated: -90)
    drawing.text(
      xTitle + (isLogarithmic ? " (log scale)" : ""), (48 + frame.x.end) / 2, bottom + 34, "small",
      anchor: .middle)
  }

  private func draw(_ line: Line, _ index: Int, _ frame: Frame, _ drawing: inout Drawing) {
    let style = Self.style(line, index)
    let band = line.points.filter { $0.share.low != nil }
    drawing.path(
      band.map { (frame.x($0.x), frame.y($0.share.high ?? 0)) }
        + band.reversed().map { (frame.x($0.x), frame.y($0.share.low ?? 0)) }, "band \(style)", closed: true)
    drawing.path(line.points.map { (frame.x($0.x), frame.y($0.share.mean)) }, "line \(style)")
    for point in line.points {
      drawing.mark(
        mark(line, index), frame.x(point.x), frame.y(point.share.mean), size: 3.6, "point \(style)",
        title: "\(line.name), \(xTitle) \(Shown.setting(point.x)): \(Shown.interval(point.share)) %")
    }
  }

  private func mark(_ line: Line, _ index: Int) -> Mark { line.isPublished ? .cross : .number(index) }

  static func style(_ line: Line, _ index: Int) -> String { line.isPublished ? "paper" : "s\(index % 6)" }

  /// At the right end of each line.
  private func drawNames(_ frame: Frame, _ x: Double, _ drawing: inout Drawing) {
    let wanted =
      lines.map { frame.y($0.points.last?.share.mean ?? 0) } + levels.map { frame.y($0.share) }
    let places = LabelPlacement.spread(wanted, gap: Self.lineHeight, low: frame.y.end, high: frame.y.start)
    for (index, line) in lines.enumerated() {
      let style = Self.style(line, index)
      if let last = line.points.last {
        drawing.line(frame.x(last.x) + 5, wanted[index], x - 3, places[index], "leader")
      }
      drawing.mark(mark(line, index), x + 2, places[index], size: 3.4, "point \(style)")
      drawing.text(
        TextWidth.fitted(line.name, drawing.width - x - 10), x + 10, places[index] + 4, "name \(style)")
    }
    for (level, place) in zip(levels, places.dropFirst(lines.count)) {
      drawing.text(TextWidth.fitted(level.name, drawing.width - x - 10), x + 10, place + 4, "faint")
    }
  }

  /// Above the frame, where there is no room beside it.
  private func drawLegend(_ top: Double, _ drawing: inout Drawing) {
    for (index, line) in lines.enumerated() {
      let (y, style) = (top + Double(index) * Self.lineHeight, Self.style(line, index))
      drawing.line(0, y, 18, y, "line \(style)")
      drawing.mark(mark(line, index), 9, y, size: 3.4, "point \(style)")
      drawing.text(TextWidth.fitted(line.name, drawing.width - 26), 24, y + 4, "name \(style)")
    }
    for (index, level) in levels.enumerated() {
      let y = top + Double(lines.count + index) * Self.lineHeight
      drawing.line(0, y, 18, y, "level")
      drawing.text(TextWidth.fitted(level.name, drawing.width - 26), 24, y + 4, "faint")
    }
  }
}
