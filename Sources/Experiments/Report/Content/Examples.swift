import Foundation
import PromptTransfer

extension ExperimentReport {
  /// The cells that are looked at closely: the main method on the first pair between models, with the first seed.
  private var closeUp: (place: String, cells: [(relation: String, result: CellResult)])? {
    guard let method = mainMethod, let pair = results.mainPairs.first, let seed = configuration.seeds.first
    else { return nil }
    let series = Results.Series(pair: pair, method: method, vectorCount: mainVectorCount)
    let cells = results.relations.compactMap { relation in
      results.result(series, relation: relation, seed: seed).map { (relation, $0) }
    }.filter { $0.1.refusal == nil }
    guard !cells.isEmpty else { return nil }
    return ("\(names.method(method)), \(names.pair(pair)), seed \(seed)", cells)
  }

  /// One right and one wrong answer of each relation: the first of each kind by subject.
  var exampleSection: Section? {
    guard let (place, cells) = closeUp else { return nil }
    let rows = cells.flatMap { relation, result -> [[Table.Value]] in
      let sorted = result.predictions.sorted { ($0.subject, $0.object) < ($1.subject, $1.object) }
      return [sorted.first { $0.rank == 1 }, sorted.first { $0.rank != 1 }].compactMap { $0 }.map { answer in
        [
          .text(answer.rank == 1 ? "✓ right" : "✗ wrong"), .text(relation), .text(answer.subject),
          .text(answer.object), .text(answer.prediction), .number(Double(answer.rank)),
          .number(exp(Double(answer.logProbability))),
        ]
      }
    }
    guard !rows.isEmpty else { return nil }
    return Section(
      id: id("examples"), title: "Answers, right and wrong",
      blocks: [
        .table(
          Table(
            id: id("answers"), title: "One right and one wrong answer of each relation",
            caption: Prose(
              "\(place). Of each kind the first by subject, in alphabetical order. Rank and probability are those of the expected answer among the candidates."
            ), isInteractive: true,
            columns: [
              .init("answer"), .init("relation"), .init("subject"), .init("expected"), .init("answered"),
              .init("rank", .number(digits: 0)), .init("probability", .number(digits: 3)),
            ], rows: rows))
      ])
  }

  /// What the vectors are near to in the source, and in the target after they were carried.
  var wordSection: Section? {
    guard let (place, cells) = closeUp else { return nil }
    let rows = cells.flatMap { relation, result -> [[Table.Value]] in
      let (before, after) = (result.nearestBefore ?? [], result.nearestAfter ?? [])
      return after.indices.map { index in
        [
          .text(relation), .number(Double(index + 1)),
          .text(before.indices.contains(index) ? words(before[index]) : ""),
          .text(words(after[index])),
          after[index].first.map { .number(Double($0.cosine)) } ?? .absent("none"),
        ]
      }
    }
    guard !rows.isEmpty else { return nil }
    return Section(
      id: id("words"), title: "What the vectors are near to",
      blocks: [
        .table(
          Table(
            id: id("nearest-words"), title: "Words nearest to each prompt vector, before and after",
            caption: Prose(
              "\(place). By cosine: in the source before the transfer (the first source, where there are several), in the target after it."
            ), isInteractive: true,
            columns: [
              .init("relation"), .init("vector", .number(digits: 0)), .init("before: source"),
              .init("after: target"),
              .init("highest cosine", .number(digits: 2)),
            ], rows: rows))
      ])
  }

  private func words(_ nearest: [CellResult.NearestWord]) -> String {
    nearest.prefix(4).map(\.word).joined(separator: ", ")
  }
}
