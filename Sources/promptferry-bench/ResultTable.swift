import Foundation

/// The results as Markdown: middle values, with the least and the most of the rounds' ratios in brackets.
enum ResultTable {
  static func markdown(_ results: Comparison) -> String {
    let names = (Peer.Style.allCases.map(\.rawValue) + [Peer.llamaName])
      .filter { name in results.cases.contains { !$0.ratios(name).isEmpty } }
    var lines = [
      row(
        ["work", "facts a second"] + names.map { "against `\($0)`" }
          + ["share of the machine", "against one thread", "against f32"])
    ]
    lines.append("|" + String(repeating: "---|", count: names.count + 5))
    for entry in results.cases {
      lines.append(
        row(
          ["\(entry.work)", number(entry.median(\.perSecond), 1)] + names.map { ratio(entry.ratios($0)) }
            + [
              "\(number(100 * entry.median(\.share), 0)) %",
              entry.work.threads == 1 ? "" : ratio(results.scaling(of: entry)),
              entry.work.precision == .f32 ? "" : ratio(results.precisionGain(of: entry)),
            ]))
    }
    lines += [
      "",
      "| | machine, GFLOP/s | peak memory / weights | buffers a step | open, s | lay out, s | vocabulary, s |",
      "|---|---|---|---|---|---|---|",
    ]
    for entry in results.cases {
      lines.append(
        row([
          "\(entry.work)", number(entry.median(\.machineRate), 0),
          number(entry.median { Double($0.peakMemoryBytes) / Double($0.weightBytes) }, 2),
          number(entry.median(\.buffersPerStep), 1), number(entry.median(\.openSeconds), 3),
          number(entry.median(\.prepareSeconds), 3), number(entry.median(\.vocabularySeconds), 3),
        ]))
    }
    guard !results.search.ours.isEmpty else { return lines.joined(separator: "\n") + "\n" }
    lines += [
      "", "| exact search | seconds | against 2,000 Adam steps in PyTorch |", "|---|---|---|",
      row([
        "one relation alone", number(results.search.ours.map(\.oneSeconds).median, 4),
        ratio(results.search.ratios(\.oneSeconds)),
      ]),
      row([
        "each of \(results.search.ours.first?.relations ?? 0) together",
        number(results.search.ours.map(\.eachSeconds).median, 4), ratio(results.search.ratios(\.eachSeconds)),
      ]),
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

  private static func number(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  private static func ratio(_ values: [Double]) -> String {
    guard let least = values.min(), let most = values.max() else { return "" }
    let digits = most < 20 ? 2 : 0
    return "\(number(values.median, digits))x (\(number(least, digits))–\(number(most, digits)))"
  }
}
