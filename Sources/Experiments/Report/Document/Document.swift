/// What a report says, apart from how it looks: rendered as HTML, Markdown and CSV.
struct Document: Sendable {
  let title: String
  let lead: Prose
  let sections: [Section]
}

/// A heading, what stands below it, and the sections within.
struct Section: Sendable {
  /// Unique in the document: letters, digits and hyphens.
  let id: String
  let title: String
  var blocks: [Block] = []
  var sections: [Section] = []
}

enum Block: Sendable {
  case paragraph(Prose)
  case list([Prose])
  case terms([Term])
  case figure(Plot)
  case table(Table)
  /// Text as it stands, and what it is.
  case code(String, title: String)
}

struct Term: Sendable {
  let name: String
  let description: Prose
}

/// One or more panels that share a caption, with the numbers they show.
struct Plot: Sendable {
  let id: String
  let title: String
  let caption: Prose
  /// What one would see: for readers who cannot.
  let summary: String
  let panels: [any Panel]
  let numbers: Table
}

extension Document {
  /// Every block in the order of reading.
  var blocks: [Block] {
    func all(_ section: Section) -> [Block] { section.blocks + section.sections.flatMap(all) }
    return sections.flatMap(all)
  }

  var plots: [Plot] { blocks.compactMap { if case .figure(let plot) = $0 { plot } else { nil } } }

  /// Every table, those behind figures included.
  var tables: [Table] {
    blocks.compactMap {
      switch $0 {
      case .table(let table): table
      case .figure(let plot): plot.numbers
      default: nil
      }
    }
  }

  /// "Figure 1", "Table 1" by the ids of plots and of the tables that stand on their own in the text.
  var labels: [String: String] {
    var labels: [String: String] = [:]
    var (figures, tables) = (0, 0)
    for block in blocks {
      switch block {
      case .figure(let plot):
        figures += 1
        labels[plot.id] = "Figure \(figures)"
      case .table(let table) where table.place == .text:
        tables += 1
        labels[table.id] = "Table \(tables)"
      default: break
      }
    }
    return labels
  }
}
