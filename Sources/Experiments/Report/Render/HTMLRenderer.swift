import Foundation

/// A document as one page of HTML without links to other files; without scripts everything can be read.
struct HTMLRenderer {
  /// Nothing is loaded from anywhere; a page is also known by it.
  static let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

  let document: Document
  /// Endings of the files that each figure has beside the page.
  private let figureForms: [String]
  private let labels: [String: String]

  init(_ document: Document, figureForms: [String]) {
    (self.document, self.figureForms) = (document, figureForms)
    labels = document.labels
  }

  var page: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
    <title>\(Escaping.html(document.title))</title>
    <style>
    \(Style.colors)\(Style.page)\(ChartStyle.sheet)</style>
    </head>
    <body>
    <a class="skip" href="#content">Skip to the content</a>
    <header class="column">
    <h1>\(Escaping.html(document.title))</h1>
    <p class="lead">\(prose(document.lead))</p>
    \(contents)
    </header>
    <main id="content">
    \(document.sections.map { section($0, level: 2) }.joined(separator: "\n"))
    </main>
    <script>
    \(Script.tables)\(Script.copying)</script>
    </body>
    </html>

    """
  }

  private var contents: String {
    func list(_ sections: [Section]) -> String {
      sections.isEmpty
        ? ""
        : "<ol>"
          + sections.map {
            "<li><a href=\"#\($0.id)\">\(Escaping.html($0.title))</a>\(list($0.sections))</li>"
          }
          .joined() + "</ol>"
    }
    return
      "<nav aria-labelledby=\"contents\"><h2 id=\"contents\">Contents</h2>\(list(document.sections))</nav>"
  }

  private func section(_ section: Section, level: Int) -> String {
    """
    <section id="\(section.id)" aria-labelledby="\(section.id)-title">
    <h\(level) id="\(section.id)-title" class="column">\(Escaping.html(section.title))</h\(level)>
    \((section.blocks.map(block) + section.sections.map { self.section($0, level: level + 1) }).joined(separator: "\n"))
    </section>
    """
  }

  private func block(_ block: Block) -> String {
    switch block {
    case .paragraph(let text): "<p class=\"column\">\(prose(text))</p>"
    case .list(let items):
      "<ul class=\"column findings\">" + items.map { "<li>\(prose($0))</li>" }.joined(separator: "\n")
        + "</ul>"
    case .terms(let terms):
      "<dl class=\"column\">"
        + terms.map { "<div><dt>\(Escaping.html($0.name))</dt><dd>\(prose($0.description))</dd></div>" }
        .joined(separator: "\n") + "</dl>"
    case .figure(let plot): figure(plot)
    case .table(let table) where table.place == .file:
      "<p class=\"column note\">\(Escaping.html(table.title)), as numbers: \(link("tables/\(table.id).csv", "tables/\(table.id).csv")).</p>"
    case .table(let table):
      """
      <figure class="wide" id="\(table.id)">
      \(caption(table.id, table.title, table.caption))
      \(HTMLTable(table, labelledBy: "\(table.id)-caption").markup)
      \(files(table, figure: []))
      </figure>
      """
    case .code(let text, let title):
      "<details class=\"column\"><summary>\(Escaping.html(title))</summary>"
        + "<pre tabindex=\"0\"><code>\(Escaping.html(text))</code></pre></details>"
    }
  }

  private func figure(_ plot: Plot) -> String {
    """
    <figure class="wide" id="\(plot.id)">
    <div class="panels\(plot.panels.count == 1 ? " single" : "")">
    \(plot.panels.map { panel($0, plot) }.joined(separator: "\n"))
    </div>
    \(caption(plot.id, plot.title, plot.caption))
    <details><summary>The numbers</summary>
    \(HTMLTable(plot.numbers, labelledBy: "\(plot.id)-caption").markup)
    </details>
    \(files(plot.numbers, figure: figureForms.map { "figures/\(plot.id).\($0)" }))
    </figure>
    """
  }

  /// Links to what lies beside the page, and the table's text for buttons that a script makes.
  private func files(_ table: Table, figure: [String]) -> String {
    let paths = figure + ["tables/\(table.id).csv", "tables/\(table.id).tex"]
    let copies = [("CSV", CSVRenderer.text(table)), ("LaTeX", LaTeXRenderer.text(table))]
    return "<p class=\"files\">" + paths.map { link($0, Self.form($0)) }.joined(separator: " ")
      + copies.map { "<template data-form=\"\($0)\">\(Escaping.html($1))</template>" }.joined() + "</p>"
  }

  private func link(_ path: String, _ text: String) -> String {
    "<a href=\"\(Escaping.html(path))\">\(Escaping.html(text))</a>"
  }

  private static func form(_ path: String) -> String {
    path.hasSuffix(".tex") ? "LaTeX" : (path as NSString).pathExtension.uppercased()
  }

  /// A wide panel is drawn in two widths; the style sheet shows the one that fits.
  private func panel(_ panel: any Panel, _ plot: Plot) -> String {
    let label = "\(labels[plot.id] ?? ""): \(plot.summary)"
    guard panel.isElastic, panel.width > 400 else {
      return
        "<div class=\"panel\(panel.isElastic ? "" : " rigid")\" tabindex=\"\(panel.isElastic ? -1 : 0)\">"
        + SVGFile.embedded(panel.drawing(width: panel.width), label: label) + "</div>"
    }
    return [("roomy", panel.width), ("narrow", 326)].map { name, width in
      "<div class=\"panel \(name)\">" + SVGFile.embedded(panel.drawing(width: width), label: label) + "</div>"
    }.joined()
  }

  private func caption(_ id: String, _ title: String, _ text: Prose) -> String {
    "<figcaption id=\"\(id)-caption\"><strong>\(labels[id].map { $0 + "." } ?? "")</strong> "
      + "<span class=\"what\">\(Escaping.html(title)).</span> \(prose(text))</figcaption>"
  }

  private func prose(_ prose: Prose) -> String {
    prose.spans.map {
      switch $0 {
      case .plain(let text): Escaping.html(text)
      case .strong(let text): "<strong>\(Escaping.html(text))</strong>"
      case .code(let text): "<code>\(Escaping.html(text))</code>"
      }
    }.joined()
  }
}
