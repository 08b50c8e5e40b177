import LanguageModels
import Tokenization

extension Template {
  /// The sentence with its texts cut at their ends until it has at most `limit` tokens: the longer text first, then
  /// both evenly. Words stay whole where one fits. Nil where no room is left for something of each text.
  func cutInput(
    _ fact: Example, tokenizer: Tokenizer, answer: AnswerPlace, limit: Int
  ) throws(TransferError) -> PromptedInput? {
    func count(_ text: String) throws(TransferError) -> Int {
      try tokenizer.ids(text).count
    }
    var texts = [fact.subject] + (fact.second.map { [$0] } ?? [])
    while true {
      let cut = Example(
        relation: fact.relation, subject: texts[0], second: texts.dropFirst().first, object: fact.object)
      guard let input = try input(cut, tokenizer: tokenizer, answer: answer) else { return nil }
      let excess = input.elements.count - limit
      if excess <= 0 { return input }
      var lengths: [Int] = []
      for text in texts { lengths.append(try count(text)) }
      let targets = Self.shorten(lengths, by: excess)
      for index in texts.indices where targets[index] < lengths[index] {
        guard let rest = try Self.beginning(of: texts[index], tokens: targets[index], count) else {
          return nil
        }
        texts[index] = rest
      }
    }
  }

  /// The lengths when so many tokens are taken away, each from the longest, the last of equals.
  static func shorten(_ lengths: [Int], by excess: Int) -> [Int] {
    var lengths = lengths
    for _ in 0..<excess {
      let longest = lengths.max() ?? 0
      if let index = lengths.lastIndex(of: longest) { lengths[index] = longest - 1 }
    }
    return lengths
  }

  /// The longest beginning of at most `limit` tokens that ends with a word, or else with a character; nil where a single
  /// character has more.
  private static func beginning(
    of text: String, tokens limit: Int, _ count: (String) throws(TransferError) -> Int
  ) throws(TransferError) -> String? {
    let ends = text.indices.map { text.index(after: $0) }
    let wordEnds = ends.filter { end in
      !text[text.index(before: end)].isWhitespace && (end == text.endIndex || text[end].isWhitespace)
    }
    for ends in [wordEnds, ends] {
      var (low, high) = (0, ends.count)  // those before low fit, those from high on do not
      while low < high {
        let middle = (low + high) / 2
        if try count(String(text[..<ends[middle]])) <= limit { low = middle + 1 } else { high = middle }
      }
      if low > 0 { return String(text[..<ends[low - 1]]) }
    }
    return nil
  }
}
