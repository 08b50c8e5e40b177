extension Template {
  /// How many runs of vectors, alike in length, PEFT would put where this template has them; nil where it cannot.
  ///
  /// 1: all come first. 2, for models with a decoder: half come first, which the encoder reads, and half right before the
  /// answer, where the decoder begins.
  package func prependedRuns(hasDecoder: Bool) -> Int? {
    var runs: [(piece: Piece, count: Int)] = []
    for piece in pieces {
      if case .text(let text) = piece, text.allSatisfy(\.isWhitespace) { continue }
      guard case .vectors(let count) = piece else {
        runs.append((piece, 0))
        continue
      }
      if let last = runs.last, last.count > 0 {
        runs[runs.count - 1].count += count
      } else {
        runs.append((piece, count))
      }
    }
    guard let first = runs.first, first.count > 0 else { return nil }
    if first.count == vectorCount { return 1 }
    guard hasDecoder, first.count * 2 == vectorCount,
      let answer = runs.firstIndex(where: { $0.piece == .answer }), runs[answer - 1].count == first.count
    else { return nil }
    return 2
  }

  /// PEFT's places, for so many vectors in so many runs.
  static func prepended(_ count: Int, runs: Int) -> Template {
    let run = [Piece.vectors(count / runs), .text(" ")]
    let second = runs == 2 ? run : []
    return Template(
      description: "[V]*\(count / runs) [X] " + (runs == 2 ? "[V]*\(count / runs) " : "") + "[Y]",
      pieces: run + [.subject, .text(" ")] + second + [.answer])
  }

  /// The template as text for a tokenizer that has a token for each vector, with `[X]` for the subject.
  /// - Parameter answer: what stands for `[Y]`; nil where the text ends before it, as a causal model's does
  package func text(vectors: [String], answer: String?) -> String {
    var rest = vectors[...]
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let words): text += words
      case .subject: text += "[X]"
      case .second: text += "[X2]"
      case .answer:
        guard let answer else { return text }
        text += answer
      case .vectors(let count):
        text += rest.prefix(count).joined(separator: " ")
        rest = rest.dropFirst(count)
      }
    }
    return text
  }

  /// The same for a tokenizer that takes white space beside such tokens as text: there is none. It ends before `[Y]`.
  func tightText(vectors: [String]) -> String {
    var rest = vectors[...]
    var text = ""
    var followsWords = false  // white space after vectors, or at the beginning, does not count
    for piece in pieces.prefix(while: { $0 != .answer }) {
      switch piece {
      case .text(let words): text += followsWords ? words[...] : words[...].drop(while: \.isWhitespace)
      case .subject: text += "[X]"
      case .second: text += "[X2]"
      case .answer: break
      case .vectors(let count):
        while text.last?.isWhitespace == true { text.removeLast() }
        text += rest.prefix(count).joined()
        rest = rest.dropFirst(count)
      }
      if case .vectors = piece { followsWords = false } else { followsWords = followsWords || !text.isEmpty }
    }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
