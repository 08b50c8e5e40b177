import Foundation

/// Part of a figure: it is drawn anew for each width.
protocol Panel: Sendable {
  /// The width it wants when there is room.
  var width: Double { get }
  /// Whether it can be drawn narrower, for small screens.
  var isElastic: Bool { get }
  func drawing(width: Double) -> Drawing
}

/// Shapes and text, each with classes that say what it is: `ChartStyle` has how that looks.
package struct Drawing: Sendable {
  let width: Double
  var height: Double
  private(set) var shapes: [Shape] = []

  /// An element of SVG.
  struct Shape: Sendable {
    let element: String
    var attributes: [(name: String, value: String)]
    let classes: [Substring]
    /// What a text says, and what is said of any other shape where one points at it.
    let text: String?
  }

  init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

  enum Anchor: String, Sendable { case start, middle, end }

  mutating func text(
    _ text: String, _ x: Double, _ y: Double, _ classes: String = "", anchor: Anchor = .start,
    rotated: Double? = nil
  ) {
    var attributes = [("x", Self.place(x)), ("y", Self.place(y))]
    if anchor != .start { attributes.append(("text-anchor", anchor.rawValue)) }
    if let rotated {
      attributes.append(
        ("transform", "rotate(\(Self.place(rotated)) \(Self.place(x)) \(Self.place(y)))"))
    }
    add("text", attributes, classes, text)
  }

  /// Of a panel, in two lines where it is too wide for one and an arrow parts it.
  /// - Returns: how much of the panel it takes
  @discardableResult
  mutating func title(_ title: String) -> Double {
    guard !title.isEmpty else { return 0 }
    let size = 13.0
    var lines = [title]
    if TextWidth.of(title, size: size) > width, let arrow = title.range(of: " → ") {
      lines = [String(title[..<arrow.lowerBound]) + " →", String(title[arrow.upperBound...])]
    }
    for (index, line) in lines.enumerated() {
      text(TextWidth.fitted(line, width, size: size), 0, 14 + 17 * Double(index), "title")
    }
    return 17 * Double(lines.count)
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ classes: String) {
    add(
      "line",
      [("x1", Self.place(x1)), ("y1", Self.place(y1)), ("x2", Self.place(x2)), ("y2", Self.place(y2))],
      classes)
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ classes: String, opacity: Double? = nil,
    title: String? = nil
  ) {
    var attributes = [
      ("x", Self.place(x)), ("y", Self.place(y)), ("width", Self.place(width)),
      ("height", Self.place(height)),
    ]
    if let opacity { attributes.append(("fill-opacity", Self.place(opacity, digits: 3))) }
    add("rect", attributes, classes, title)
  }

  mutating func path(_ points: [(x: Double, y: Double)], _ classes: String, closed: Bool = false) {
    guard !points.isEmpty else { return }
    let steps = points.map { "\(Self.place($0.x)) \(Self.place($0.y))" }.joined(separator: "L")
    add("path", [("d", "M\(steps)\(closed ? "Z" : "")")], classes)
  }

  /// A mark whose form tells its series apart without colour.
  mutating func mark(
    _ form: Mark, _ x: Double, _ y: Double, size: Double = 4, _ classes: String, title: String? = nil
  ) {
    if form == .circle {
      add("circle", [("cx", Self.place(x)), ("cy", Self.place(y)), ("r", Self.place(size))], classes, title)
    } else {
      let steps = form.outline(size).map { part in
        "M" + part.map { "\(Self.place(x + $0.x)) \(Self.place(y + $0.y))" }.joined(separator: "L")
          + (form.isOpen ? "" : "Z")
      }.joined()
      add("path", [("d", steps)], classes, title)
    }
  }

  private mutating func add(
    _ element: String, _ attributes: [(String, String)], _ classes: String, _ text: String? = nil
  ) {
    shapes.append(
      Shape(element: element, attributes: attributes, classes: classes.split(separator: " "), text: text))
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
