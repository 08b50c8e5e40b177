import Foundation

/// Numbers and values as readers see them: no locale, a true minus sign.
package enum Shown {
  package static func number(_ value: Double, digits: Int) -> String {
    guard value.isFinite else { return "–" }
    let text = String(format: "%.\(digits)f", abs(value))
    let isZero = !text.contains { $0 != "0" && $0 != "." }
    return value < 0 && !isZero ? "−" + text : text
  }

  /// A share in percent.
  package static func percent(_ share: Double) -> String { number(100 * share, digits: 1) }

  /// A difference of shares in points, with its sign.
  package static func points(_ difference: Double) -> String {
    let text = percent(difference)
    return text.hasPrefix("−") || text == "0.0" ? text : "+" + text
  }

  /// "31.4 [30.1, 32.6]"; the mean alone where there is no interval.
  package static func interval(_ interval: Interval) -> String {
    percent(interval.mean) + (ends(interval).map { " " + $0 } ?? "")
  }

  /// "[30.1, 32.6]"; nil where there is no interval.
  static func ends(_ interval: Interval, _ shown: (Double) -> String = percent) -> String? {
    guard let low = interval.low, let high = interval.high else { return nil }
    return "[\(shown(low)), \(shown(high))]"
  }

  /// "+4.0 [+1.2, +6.9]"
  static func difference(_ comparison: PairedComparison) -> String {
    points(comparison.difference) + " " + range(comparison)
  }

  static func range(_ comparison: PairedComparison) -> String {
    "[\(points(comparison.low)), \(points(comparison.high))]"
  }

  /// As few digits as tell it: counts and settings.
  package static func setting(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 {
      let digits = String(Int(abs(value)))
      let grouped = digits.count < 5 ? digits : thousands(digits)
      return (value < 0 ? "−" : "") + grouped
    }
    return "\(value)"
  }

  static func count(_ value: Int, _ one: String, _ many: String? = nil) -> String {
    "\(setting(Double(value))) \(value == 1 ? one : many ?? one + "s")"
  }

  /// "a", "a and b", "a, b and c"
  package static func list(_ items: [String]) -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " and " + last
  }

  static func seconds(_ value: Double) -> String {
    switch value {
    case 100...: number(value, digits: 0)
    case 1...: number(value, digits: 1)
    case 0.0005...: number(value, digits: 3)
    default: "< 0.001"
    }
  }

  /// In groups of three, a narrow space between.
  private static func thousands(_ digits: String) -> String {
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "\u{202F}" }
      text.append(digit)
    }
    return text
  }
}

extension Shown {
  static func value(_ value: Table.Value, _ kind: Table.Column.Kind) -> String {
    switch value {
    case .text(let text): text
    case .number(let number):
      if case .number(let digits) = kind { self.number(number, digits: digits) } else { setting(number) }
    case .interval(let interval, let standing):
      self.interval(interval) + (standing.map { " " + $0.sign } ?? "")
    case .difference(let comparison): difference(comparison)
    case .absent: "–"
    }
  }
}
