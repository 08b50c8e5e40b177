/// Running text with the little emphasis that a report needs.
struct Prose: Sendable, Equatable, ExpressibleByStringInterpolation {
  enum Span: Sendable, Equatable {
    case plain(String)
    case strong(String)
    case code(String)
  }

  var spans: [Span]

  init(_ spans: [Span]) { self.spans = spans }
  init(_ text: String) { spans = [.plain(text)] }
  init(stringLiteral text: String) { self.init(text) }

  static func strong(_ text: String) -> Prose { Prose([.strong(text)]) }
  static func code(_ text: String) -> Prose { Prose([.code(text)]) }
  static func + (first: Prose, second: Prose) -> Prose { Prose(first.spans + second.spans) }

  /// Without emphasis.
  var plain: String {
    spans.map {
      switch $0 {
      case .plain(let text), .strong(let text), .code(let text): text
      }
    }.joined()
  }

  var isEmpty: Bool { plain.isEmpty }
}
