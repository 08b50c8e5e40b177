/// A document as GitHub's Markdown, its figures as links to SVG files.
struct MarkdownRenderer {
  let document: Document
  private let labels: [String: String]

  init(_ document: Document) {
    self.document = document
    labels = document.labels
  }

  var text: String {
    (["# " + Escaping.markdown(document.title), prose(document.lead)]
      + document.sections.flatMap { section($0, level: 2) })
      .filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private func section(_ section: Section, level: Int) -> [String] {
    [String(repeating: "#", count: level) + " " + Escaping.markdown(section.title)]
      + section.blocks.flatMap(block) + section.sections.flatMap { self.section($0, level: level + 1) }
  }

  private func block(_ block: Block) -> [String] {
    switch block {
    case .paragraph(let text): [prose(text)]
    case .list(let items): [items.map { "- " + prose($0) }.joined(separator: "\n")]
    case .terms(let terms):
      [terms.map { "- **\(Escaping.markdown($0.name))**: " + prose($0.description) }.joined(separator: "\n")]
    case .figure(let plot):
      [
        "![\(Escaping.markdown(plot.summary))](figures/\(plot.id).svg)",
        caption(plot.id, plot.title, plot.caption),
        Self.table(plot.numbers),
      ]
    case .table(let table) where table.place == .file:
      ["\(Escaping.markdown(table.title)): [tables/\(table.id).csv](tables/\(table.id).csv)"]
    case .table(let table): [caption(table.id, table.title, table.caption), Self.table(table)]
    case .code(let text, let title):
      [
        "\(Escaping.markdown(title)):",
        Escaping.markdownBlock(text),
      ]
    }
  }

  private func caption(_ id: String, _ title: String, _ text: Prose) -> String {
    "**\(labels[id].map { $0 + ". " } ?? "")\(Escaping.markdown(title)).** " + prose(text)
  }

  private func prose(_ prose: Prose) -> String {
    prose.spans.map {
      switch $0 {
      case .plain(let text): Escaping.markdown(text)
      case .strong(let text): "**\(Escaping.markdown(text))**"
      case .code(let text): Escaping.markdownCode(text)
      }
    }.joined()
  }

  static func table(_ table: Table) -> String {
    let header = table.columns.map { Escaping.markdown($0.title) }
    let rule = table.columns.map { $0.kind == .text ? "---" : "---:" }
    let rows = table.rows.map { row in
      zip(row, table.columns).map { Escaping.markdown(Shown.value($0, $1.kind)) }
    }
    return ([header, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}
