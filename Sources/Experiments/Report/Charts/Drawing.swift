import Foundation

/// Part of a figure: it is drawn anew for each width.
protocol Panel: Sendable {
  /// The width it wants when there is room.
  var width: Double { get }
  /// Whether it can be drawn narrower, for small screens.
  var isElastic: Bool { get }
  func drawing(width: Double) -> Drawing
}

/// Builds an SVG. Colours come from classes of the style sheet, so that one drawing serves light and dark.
package struct Drawing: Sendable {
  let width: Double
  var height: Double
  private(set) var body = ""

  init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

  enum Anchor: String, Sendable { case start, middle, end }

  mutating func text(
    _ text: String, _ x: Double, _ y: Double, _ classes: String = "", anchor: Anchor = .start,
    rotated: Double? = nil
  ) {
    let turn =
      rotated.map { " transform=\"rotate(\(Self.place($0)) \(Self.place(x)) \(Self.place(y)))\"" } ?? ""
    let side = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
    body += "<text x=\"\(Self.place(x))\" y=\"\(Self.place(y))\"\(side)\(turn)\(Self.named(classes))>"
    body += Escaping.html(text) + "</text>"
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ classes: String) {
    body += "<line x1=\"\(Self.place(x1))\" y1=\"\(Self.place(y1))\" x2=\"\(Self.place(x2))\" "
    body += "y2=\"\(Self.place(y2))\"\(Self.named(classes))/>"
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ classes: String, opacity: Double? = nil,
    title: String? = nil
  ) {
    let seen = opacity.map { " fill-opacity=\"\(Self.place($0, digits: 3))\"" } ?? ""
    body += "<rect x=\"\(Self.place(x))\" y=\"\(Self.place(y))\" width=\"\(Self.place(width))\" "
    body += "height=\"\(Self.place(height))\"\(seen)\(Self.named(classes))" + Self.closing("rect", title)
  }

  mutating func path(_ points: [(x: Double, y: Double)], _ classes: String, closed: Bool = false) {
    guard !points.isEmpty else { return }
    let steps = points.map { "\(Self.place($0.x)) \(Self.place($0.y))" }.joined(separator: "L")
    body += "<path d=\"M\(steps)\(closed ? "Z" : "")\"\(Self.named(classes))/>"
  }

  /// A mark whose form tells its series apart without colour.
  mutating func mark(
    _ form: Mark, _ x: Double, _ y: Double, size: Double = 4, _ classes: String, title: String? = nil
  ) {
    if form == .circle {
      body += "<circle cx=\"\(Self.place(x))\" cy=\"\(Self.place(y))\" r=\"\(Self.place(size))\""
      body += Self.named(classes) + Self.closing("circle", title)
    } else {
      let steps = form.outline(size).map { part in
        "M" + part.map { "\(Self.place(x + $0.x)) \(Self.place(y + $0.y))" }.joined(separator: "L")
          + (form.isOpen ? "" : "Z")
      }.joined()
      body += "<path d=\"\(steps)\"\(Self.named(classes))" + Self.closing("path", title)
    }
  }

  private static func named(_ classes: String) -> String { classes.isEmpty ? "" : " class=\"\(classes)\"" }

  private static func closing(_ element: String, _ title: String?) -> String {
    title.map { "><title>\(Escaping.html($0))</title></\(element)>" } ?? "/>"
  }

  /// To a tenth of a pixel, no trailing zeros.
  package static func place(_ value: Double, digits: Int = 1) -> String {
    let text = String(format: "%.\(digits)f", value.isFinite ? value : 0)
    guard text.contains(".") else { return text }
    let end = text.lastIndex { $0 != "0" } ?? text.startIndex
    let short = text[end] == "." ? text[..<end] : text[...end]
    return short == "-0" ? "0" : String(short)
  }
}

enum Mark: Int, Sendable, CaseIterable {
  case circle, square, triangle, diamond, inverted, cross

  /// The mark of the series with this number.
  static func number(_ index: Int) -> Mark { allCases[index % (allCases.count - 1)] }

  var isOpen: Bool { self == .cross }

  /// Around the origin, of about the area of a circle with the radius `size`.
  func outline(_ size: Double) -> [[(x: Double, y: Double)]] {
    let (s, d, t) = (size * 0.88, size * 1.25, size * 1.2)
    return switch self {
    case .circle: []
    case .square: [[(-s, -s), (s, -s), (s, s), (-s, s)]]
    case .triangle: [[(0, -t), (t, t * 0.8), (-t, t * 0.8)]]
    case .inverted: [[(0, t), (t, -t * 0.8), (-t, -t * 0.8)]]
    case .diamond: [[(0, -d), (d, 0), (0, d), (-d, 0)]]
    case .cross: [[(-s, -s), (s, s)], [(-s, s), (s, -s)]]
    }
  }
}

/// How wide text comes out, near enough to leave room for it.
enum TextWidth {
  static func of(_ text: String, size: Double = 12) -> Double {
    text.reduce(0) { sum, character in
      let share =
        switch character {
        case "i", "j", "l", ".", ",", ":", "'", "|", "f", "t", "r", "(", ")", "[", "]", " ": 0.38
        case "m", "w", "M", "W", "→": 0.95
        default: character.isUppercase ? 0.7 : 0.62
        }
      return sum + size * share
    }
  }

  /// Cut to a width, with an ellipsis.
  static func fitted(_ text: String, _ width: Double, size: Double = 12) -> String {
    guard of(text, size: size) > width else { return text }
    var short = text
    while !short.isEmpty, of(short + "…", size: size) > width { short.removeLast() }
    return short + "…"
  }
}
