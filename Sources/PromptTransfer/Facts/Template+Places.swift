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
  package func text(vectors: [String], answer: String) -> String {
    var rest = vectors[...]
    return pieces.map { piece in
      switch piece {
      case .text(let text): return text
      case .subject: return "[X]"
      case .second: return "[X2]"
      case .answer: return answer
      case .vectors(let count):
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).joined(separator: " ")
      }
    }.joined()
  }
}
