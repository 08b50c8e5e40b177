import Foundation
import LanguageModels
import Synchronization
import Tensors

/// More about an answer that is a text, chosen out of a closed set by the sum of the logarithms of its tokens' probabilities.
public struct TextAnswer: Sendable, Codable, Equatable {
  /// How many tokens the object has.
  public let tokens: Int
  /// How many answers there were to choose among.
  public let options: Int
  /// The object's rank by other measures: `mean` over what was asked, per `byte` of the text, and `pmi`, less what the answer gets in the
  /// same sentence about nobody (the `acc_norm`, `acc_bytes` and `acc_mutual_info` of lm-evaluation-harness). Nil unless asked for: all
  /// answers are scored then.
  public let ranks: [String: Int]?
}

extension Evaluator {
  /// About so many tokens go through the model together.
  private var tokensAtOnce: Int { model.network.sequencesPerTask.map { 16 * $0 } ?? 512 }

  func texts(
    _ set: ProbingSet, measures: Bool, prompt: Matrix, _ progress: @escaping @Sendable (_ done: Int) -> Void,
    _ shouldStop: @escaping @Sendable () -> Bool
  ) -> [Prediction]? {
    var ofNobody: [String: [Double]] = [:]
    if measures {
      for (example, statements) in zip(set.examples, set.statements) where ofNobody[example.relation] == nil {
        guard let nobody = statements.ofNobody else { continue }
        let scores = scores([nobody], labels: [0], isWhole: true, prompt: prompt, { _ in }, shouldStop)
        guard let scores else { return nil }
        ofNobody[example.relation] = scores[0]
      }
    }
    let scores = scores(
      set.statements, labels: set.labels, isWhole: measures, prompt: prompt, progress, shouldStop)
    guard let scores else { return nil }
    return set.examples.indices.map { index in
      Self.answer(
        set.examples[index], set.statements[index].form.options.options, label: set.labels[index],
        scores: scores[index], measures: measures, ofNobody: ofNobody[set.examples[index].relation])
    }
  }

  /// Of each sentence the scores of the answers; of those that cannot beat the labelled one a bound that is below its score. Nil when
  /// stopped.
  /// - Parameter isWhole: whether all are scored to their ends
  private func scores(
    _ statements: [Statements], labels: [Int], isWhole: Bool, prompt: Matrix,
    _ progress: @escaping @Sendable (_ done: Int) -> Void, _ shouldStop: @escaping @Sendable () -> Bool
  ) -> [[Double]]? {
    let tasks = tasks(statements)
    layOut()
    let workers = pool.take()
    defer { pool.giveBack(workers) }
    let results = Collected<[[Double]]>(count: tasks.count)
    let done = Mutex(0)
    let tokensAtOnce = tokensAtOnce
    parallelism.forEach(tasks.count) { worker, task in
      let own = tasks[task]
      var scores = own.map { [Double](repeating: 0, count: statements[$0].form.plan.options.count) }
      func run(_ passes: [(place: Int, pass: AnswerPass)]) -> Bool {
        var rest = passes.compactMap { place, pass in
          statements[own.lowerBound + place].input(pass).map { (place: place, pass: pass, input: $0) }
        }[...]
        while !rest.isEmpty {
          if shouldStop() { return false }
          var (count, tokens) = (0, 0)
          for next in rest where count == 0 || tokens + next.input.tokenCount <= tokensAtOnce {
            (count, tokens) = (count + 1, tokens + next.input.tokenCount)
          }
          let part = rest.prefix(count)
          let found = model.network.logProbabilities(
            of: part.map(\.pass.asked)[...], after: part.map(\.input)[...], prompt: prompt, workers[worker])
          for (asked, values) in zip(part, found) {
            for term in asked.pass.terms { scores[asked.place][term.option] += Double(values[term.place]) }
          }
          rest = rest.dropFirst(count)
        }
        return true
      }
      let first = own.enumerated().flatMap { place, index in
        statements[index].form.plan.first(labels[index]).map { (place, $0) }
      }
      guard run(first) else { return }
      var rest: [(place: Int, pass: AnswerPass)] = []
      for (place, index) in own.enumerated() {
        let label = labels[index]
        let open = scores[place].indices.filter {
          $0 != label && (isWhole || scores[place][$0] >= scores[place][label])
        }
        let more = statements[index].form.plan.rest(open, after: label)
        if more.isAnew { for option in open { scores[place][option] = 0 } }
        rest += more.passes.map { (place, $0) }
      }
      guard run(rest) else { return }
      results.set(scores, at: task)
      progress(
        done.withLock {
          $0 += own.count
          return $0
        })
    }
    return results.all()?.flatMap { $0 }
  }

  /// Sentences side by side until they fill a pass.
  private func tasks(_ statements: [Statements]) -> [Range<Int>] {
    var (tasks, start, tokens): ([Range<Int>], Int, Int) = ([], 0, 0)
    for (index, own) in statements.enumerated() {
      tokens += own.longest
      guard tokens >= tokensAtOnce / 4 || index + 1 == statements.count else { continue }
      tasks.append(start..<index + 1)
      (start, tokens) = (index + 1, 0)
    }
    return tasks
  }

  private static func answer(
    _ fact: Example, _ options: [AnswerOptions.Option], label: Int, scores: [Double], measures: Bool,
    ofNobody: [Double]?
  ) -> Prediction {
    guard scores.allSatisfy(\.isFinite), let top = scores.max(), let best = scores.firstIndex(of: top) else {
      return .unusable(fact)
    }
    func rank(_ values: [Double]) -> Int {
      1
        + values.indices.count {
          values[$0] > values[label] || (values[$0] == values[label] && $0 < label)
        }
    }
    var ranks: [String: Int] = [:]
    if measures {
      ranks["mean"] = rank(zip(scores, options).map { $0 / Double($1.asked.count) })
      ranks["byte"] = rank(zip(scores, options).map { $0 / Double($1.text.utf8.count) })
      if let ofNobody { ranks["pmi"] = rank(zip(scores, ofNobody).map { $0 - $1 }) }
    }
    return Prediction(
      relation: fact.relation, subject: fact.subject, second: fact.second, object: fact.object,
      prediction: options[best].text, rank: rank(scores), logProbability: Float(scores[label]),
      text: TextAnswer(
        tokens: options[label].answer.count, options: options.count, ranks: measures ? ranks : nil))
  }
}

extension PromptedInput {
  fileprivate var tokenCount: Int { elements.count + (continuations?.tokens.count ?? 0) }
}
