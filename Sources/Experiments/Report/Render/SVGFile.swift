/// Drawings as SVG: within a page, or as a file of its own.
enum SVGFile {
  static func embedded(_ drawing: Drawing, label: String) -> String {
    let (width, height) = (Drawing.place(drawing.width), Drawing.place(drawing.height))
    return
      "<svg class=\"chart\" role=\"img\" aria-label=\"\(Escaping.html(label))\" viewBox=\"0 0 \(width) \(height)\" "
      + "width=\"\(width)\" height=\"\(height)\">\(drawing.body)</svg>"
  }

  /// All panels of a plot, three in a row.
  static func file(_ plot: Plot) -> String {
    let drawings = plot.panels.map { $0.drawing(width: $0.width) }
    let gap = 24.0
    var (x, y, rowHeight, width) = (gap, gap, 0.0, 0.0)
    var body = ""
    for (index, drawing) in drawings.enumerated() {
      if index > 0, index % 3 == 0 { (x, y, rowHeight) = (gap, y + rowHeight + gap, 0) }
      body +=
        "<svg x=\"\(Drawing.place(x))\" y=\"\(Drawing.place(y))\" width=\"\(Drawing.place(drawing.width))\" "
      body += "height=\"\(Drawing.place(drawing.height))\">\(drawing.body)</svg>\n"
      x += drawing.width + gap
      width = max(width, x)
      rowHeight = max(rowHeight, drawing.height)
    }
    let (w, h) = (Drawing.place(width), Drawing.place(y + rowHeight + gap))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 \(w) \(h)" width="\(w)" height="\(h)" role="img">
      <title>\(Escaping.html(plot.title))</title>
      <style>
      \(Style.colors)\(Style.charts)</style>
      <rect width="100%" height="100%" class="paper-white"/>
      \(body)</svg>

      """
  }
}
