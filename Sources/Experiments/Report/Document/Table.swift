/// Rows of values under titled columns.
struct Table: Sendable {
  enum Place: Sendable {
    /// In the text, numbered.
    case text
    /// Behind a figure.
    case figure
    /// Too long to be read: a file of its own.
    case file
  }

  struct Column: Sendable {
    enum Kind: Sendable, Equatable {
      case text
      case number(digits: Int)
      /// Of shares: shown in percent, kept as they are in files.
      case interval
      case difference
    }

    let title: String
    var kind: Kind = .text

    init(_ title: String, _ kind: Kind = .text) { (self.title, self.kind) = (title, kind) }
  }

  enum Value: Sendable {
    case text(String)
    case number(Double)
    case interval(Interval, Standing? = nil)
    case difference(PairedComparison)
    /// Nothing, and why.
    case absent(String)
  }

  /// Names the file too: unique in the document.
  let id: String
  let title: String
  var caption: Prose = ""
  var place = Place.text
  /// Whether readers may sort and filter it.
  var isInteractive = false
  let columns: [Column]
  var rows: [[Value]]
}

/// How a method stands to the one it is compared with.
enum Standing: Sendable, Equatable, CaseIterable {
  case baseline, better, worse
  /// The 95 % interval of the difference holds zero.
  case noise
  /// There are too few relations to tell.
  case untold

  init?(_ comparison: PairedComparison?) {
    guard let comparison else { return nil }
    if !comparison.isTold {
      self = .untold
    } else if !comparison.isBeyondNoise {
      self = .noise
    } else {
      self = comparison.difference > 0 ? .better : .worse
    }
  }

  var sign: String {
    switch self {
    case .baseline: "◆"
    case .better: "▲"
    case .worse: "▼"
    case .noise: "≈"
    case .untold: "?"
    }
  }

  var words: String {
    switch self {
    case .baseline: "the baseline"
    case .better: "above the baseline, beyond noise"
    case .worse: "below the baseline, beyond noise"
    case .noise: "no difference from the baseline beyond noise"
    case .untold: "too few relations for a verdict"
    }
  }
}
