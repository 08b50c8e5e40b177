/// Drawings as SVG: within a page, or as a file of its own.
enum SVGFile {
  static func embedded(_ drawing: Drawing, label: String) -> String {
    let (width, height) = (Drawing.place(drawing.width), Drawing.place(drawing.height))
    let shapes = drawing.shapes.map { shape in
      let names = shape.classes.isEmpty ? [] : [("class", shape.classes.joined(separator: " "))]
      return markup(shape, shape.attributes + names)
    }
    return
      "<svg class=\"chart\" role=\"img\" aria-label=\"\(Escaping.html(label))\" viewBox=\"0 0 \(width) \(height)\" "
      + "width=\"\(width)\" height=\"\(height)\">\(shapes.joined())</svg>"
  }

  /// All panels of a plot, three in a row, without a style sheet.
  static func file(_ plot: Plot) -> String {
    let drawings = plot.panels.map { $0.drawing(width: $0.width) }
    let gap = 24.0
    var (x, y, rowHeight, width) = (gap, gap, 0.0, 0.0)
    var body = ""
    for (index, drawing) in drawings.enumerated() {
      if index > 0, index % 3 == 0 { (x, y, rowHeight) = (gap, y + rowHeight + gap, 0) }
      let shapes = drawing.shapes.map { markup($0, ChartStyle.attributes($0)) + "\n" }.joined()
      body += "<g transform=\"translate(\(Drawing.place(x)) \(Drawing.place(y)))\">\n\(shapes)</g>\n"
      x += drawing.width + gap
      width = max(width, x)
      rowHeight = max(rowHeight, drawing.height)
    }
    var ground = Drawing(width: width, height: y + rowHeight + gap)
    ground.rectangle(0, 0, ground.width, ground.height, "ground")
    let (w, h) = (Drawing.place(ground.width), Drawing.place(ground.height))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(w) \(h)" width="\(w)" height="\(h)" role="img" \(ChartStyle.root)>
      <title>\(Escaping.html(plot.title))</title>
      \(ground.shapes.map { markup($0, ChartStyle.attributes($0)) }.joined())
      \(body)</svg>

      """
  }

  private static func markup(_ shape: Drawing.Shape, _ attributes: [(name: String, value: String)]) -> String
  {
    let start =
      "<\(shape.element)" + attributes.map { " \($0.name)=\"\(Escaping.html($0.value))\"" }.joined()
    guard let text = shape.text.map(Escaping.html) else { return start + "/>" }
    return shape.element == "text"
      ? "\(start)>\(text)</text>" : "\(start)><title>\(text)</title></\(shape.element)>"
  }
}
