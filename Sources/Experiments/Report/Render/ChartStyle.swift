/// How shapes of figures look: as rules for a page, where a colour follows the scheme, or as attributes of each shape for files,
/// which every program reads alike.
enum ChartStyle {
  static let family = #"system-ui, "Liberation Sans", "DejaVu Sans", sans-serif"#
  /// Of files: a family of the reader's own system is not the same everywhere.
  private static let plainFamily = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
  static let size = 12

  /// For shapes that have all these classes; later rules go before earlier ones. A value in parentheses is a colour of `Style`.
  private struct Rule {
    let classes: [String]
    let values: [(property: String, value: String)]

    init(_ classes: String, _ values: KeyValuePairs<String, String>) {
      self.classes = classes.split(separator: " ").map(String.init)
      self.values = values.map { ($0, $1) }
    }
  }

  private static let rules =
    [
      Rule("title", ["font-size": "13px", "font-weight": "600"]),
      Rule("small", ["font-size": "11px", "fill": "(soft)"]), Rule("faint", ["fill": "(soft)"]),
      Rule("on-heat", ["fill": "(ink)"]), Rule("strong", ["font-weight": "600"]),
      Rule("value", ["font-size": "14px", "font-weight": "600"]), Rule("heat", ["fill": "(heat)"]),
      Rule("itself", ["fill": "none", "stroke": "(ink)", "stroke-width": "2"]),
      Rule("void", ["fill": "none", "stroke": "(rule)", "stroke-dasharray": "3 3"]),
      Rule("grid", ["stroke": "(faint-rule)"]), Rule("tick", ["stroke": "(soft)"]),
      Rule("reference", ["stroke": "(accent)", "stroke-dasharray": "1 3", "stroke-width": "1.5"]),
      Rule("level", ["stroke": "(soft)", "stroke-dasharray": "6 4"]), Rule("leader", ["stroke": "(rule)"]),
      Rule("range", ["stroke": "(s0)", "stroke-width": "2", "opacity": ".55"]),
      Rule("dot", ["fill": "(s0)", "stroke": "(s0)", "stroke-width": "1.6"]),
      Rule("dot hollow", ["fill": "(paper)"]),
      Rule("published", ["stroke": "(soft)", "stroke-width": "2", "fill": "none"]),
    ] + (0..<6).flatMap { series("s\($0)", "(s\($0))") } + series("paper", "(soft)") + [
      Rule("point open", ["fill-opacity": ".75", "stroke-width": ".6"]),
      Rule("line paper", ["stroke-dasharray": "2 3"]),
      Rule("point paper", ["fill": "none", "stroke": "(soft)", "stroke-width": "2"]),
      Rule("ground", ["fill": "(paper)"]),
    ]

  private static func series(_ name: String, _ color: String) -> [Rule] {
    [
      Rule(
        "line \(name)", ["fill": "none", "stroke": color, "stroke-width": "2", "stroke-linejoin": "round"]),
      Rule("band \(name)", ["fill": color, "opacity": ".13"]),
      Rule("point \(name)", ["fill": color, "stroke": "(paper)", "stroke-width": "1"]),
      Rule("name \(name)", ["fill": color, "font-weight": "500"]),
    ]
  }

  /// The rules as a style sheet.
  static let sheet =
    ".chart { font: \(size)px \(family); font-variant-numeric: tabular-nums lining-nums; }\n.chart text { fill: var(--ink); }\n"
    + rules.map { rule in
      let values = rule.values.map { "\($0.property): \(variable($0.value));" }.joined(separator: " ")
      return ".chart .\(rule.classes.joined(separator: ".")) { \(values) }\n"
    }.joined()

  private static func variable(_ value: String) -> String {
    value.hasPrefix("(") ? "var(--\(value.dropFirst().dropLast()))" : value
  }

  /// What a shape looks like by itself, in the light colours.
  static func attributes(_ shape: Drawing.Shape) -> [(name: String, value: String)] {
    var values = shape.element == "text" ? [("fill", color("(ink)"))] : []
    for rule in rules where rule.classes.allSatisfy({ shape.classes.contains(Substring($0)) }) {
      for (property, value) in rule.values {
        if let index = values.firstIndex(where: { $0.0 == property }) {
          values[index].1 = color(value)
        } else {
          values.append((property, color(value)))
        }
      }
    }
    return shape.attributes + values.filter { value in !shape.attributes.contains { $0.name == value.0 } }
  }

  private static func color(_ value: String) -> String {
    Style.light.first { value == "(\($0.0))" }?.1 ?? value
  }

  /// Of the outermost element of a file.
  static let root = "font-family=\"\(plainFamily)\" font-size=\"\(size)\""
}
