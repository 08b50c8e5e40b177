import LanguageModels

/// One pass through the model, and what it says of answers.
struct AnswerPass: Sendable {
  /// What stands in the masks' places, nil for a mask; one nil for models that take their answers one token after the other.
  let fill: [Int?]
  /// Which of the places are read.
  let reads: Range<Int>
  let continuations: TokenTree?
  let asked: [PredictedToken]
  /// The answers that each of `asked`, by its place, is a token of.
  let terms: [(option: Int, place: Int)]

  /// - Parameter sentence: with as many masks
  func input(_ sentence: PromptedInput) -> PromptedInput {
    var elements = sentence.elements
    for (place, token) in zip(sentence.reads, fill) { if let token { elements[place] = .token(token) } }
    let first = sentence.reads.lowerBound
    return PromptedInput(
      elements: elements, reads: first + reads.lowerBound..<first + reads.upperBound,
      continuations: continuations)
  }
}

/// The passes that score the answers of one relation: the same for each of its facts, whatever stands before the answer. Answers with
/// the same beginning share it.
///
/// An answer's score is a sum of logarithms, none above 0, so what is known of it is a bound. The first passes score the right answer, and
/// of the others what comes with it; only those that can still beat it are scored to their ends.
struct AnswerPlan: Sendable {
  private enum Kind: Sendable {
    /// Answers are taken one token after the other.
    case following
    /// What stands on both sides is seen: the passes, and of each answer its own.
    case masked([AnswerPass], passes: [[Int]])
  }

  let options: [AnswerOptions.Option]
  private let kind: Kind

  /// How many answers of a causal model share a pass at most: more would make too long a one.
  static let answersAtOnce = 256

  init(_ options: AnswerOptions, masking: AnswerMasking, model: LanguageModel) {
    self.options = options.options
    kind = model.hasMasks ? Self.masked(options.options, masking) : .following
  }

  /// By how many masks sentences are needed.
  var maskCounts: Set<Int> {
    switch kind {
    case .following: [1]
    case .masked(let passes, _): Set(passes.map(\.fill.count))
    }
  }

  /// How many tokens follow the sentence at most.
  var longestContinuation: Int {
    guard case .following = kind else { return 0 }
    return (options.map(\.asked.count).max() ?? 1) - 1
  }

  /// The passes that score one answer, with what they say of others.
  func first(_ label: Int) -> [AnswerPass] {
    switch kind {
    case .following: [following([label], saying: options.indices)]
    case .masked(let passes, let own): own[label].map { passes[$0] }
    }
  }

  /// The passes that score others to their ends, and whether they begin anew.
  /// - Parameter label: whose passes are done
  func rest(_ others: [Int], after label: Int) -> (passes: [AnswerPass], isAnew: Bool) {
    switch kind {
    case .following:
      let order = others.sorted { options[$0].asked.lexicographicallyPrecedes(options[$1].asked) }
      let parts = stride(from: 0, to: order.count, by: Self.answersAtOnce).map {
        order[$0..<min(order.count, $0 + Self.answersAtOnce)]
      }
      return (parts.map { following($0, saying: $0) }, true)
    case .masked(let passes, let own):
      let done = Set(own[label])
      let wanted = Set(others.flatMap { own[$0] }).subtracting(done)
      return (wanted.sorted().map { passes[$0] }, false)
    }
  }

  /// A pass over the continuations of some answers.
  /// - Parameter said: of which answers it says as much as these continuations have
  private func following(_ answers: some Sequence<Int>, saying said: some Sequence<Int>) -> AnswerPass {
    let tree = TokenTree(answers.map { Array(options[$0].asked.dropLast()) })
    var places: [PredictedToken: Int] = [:]
    var (asked, terms): ([PredictedToken], [(option: Int, place: Int)]) = ([], [])
    for option in said {
      let tokens = options[option].asked
      let predictions = [0] + tree.places(of: tokens.dropLast()).map { $0 + 1 }
      for (prediction, token) in zip(predictions, tokens) {
        let next = PredictedToken(prediction: prediction, token: token)
        let place = places[next] ?? asked.count
        if place == asked.count {
          places[next] = place
          asked.append(next)
        }
        terms.append((option, place))
      }
    }
    return AnswerPass(fill: [nil], reads: 0..<1, continuations: tree, asked: asked, terms: terms)
  }

  private static func masked(_ options: [AnswerOptions.Option], _ masking: AnswerMasking) -> Kind {
    struct Form: Hashable {
      let fill: [Int?]
      let reads: Range<Int>
    }
    struct Asked {
      let form: Form
      var places: [PredictedToken: Int] = [:]
      var terms: [(option: Int, place: Int)] = []
    }
    var numbers: [Form: Int] = [:]
    var all: [Asked] = []
    var passes: [[Int]] = []
    for (index, option) in options.enumerated() {
      var own: [Int] = []
      for (place, token) in option.answer.enumerated() {
        let fill = option.answer.enumerated().map { other, id in
          option.hides(other, from: place, masking) ? nil : Optional(id)
        }
        let form = Form(fill: fill, reads: masking == .once ? 0..<fill.count : place..<place + 1)
        let number = numbers[form] ?? all.count
        if number == all.count {
          numbers[form] = number
          all.append(Asked(form: form))
        }
        let next = PredictedToken(prediction: place - form.reads.lowerBound, token: token)
        let found = all[number].places[next] ?? all[number].places.count
        all[number].places[next] = found
        all[number].terms.append((index, found))
        if own.last != number { own.append(number) }
      }
      passes.append(own)
    }
    let made = all.map { pass in
      AnswerPass(
        fill: pass.form.fill, reads: pass.form.reads, continuations: nil,
        asked: pass.places.sorted { $0.value < $1.value }.map(\.key), terms: pass.terms)
    }
    return .masked(made, passes: passes)
  }
}

extension AnswerOptions.Option {
  /// Whether one token of the answer is hidden while another is asked for.
  fileprivate func hides(_ other: Int, from place: Int, _ masking: AnswerMasking) -> Bool {
    switch masking {
    case .word: other >= place && words[other] == words[place]
    case .answer: other >= place
    case .once: true
    }
  }
}
