import Foundation

extension ExperimentReport {
  /// The configuration and the fingerprints that it takes to run the experiment again.
  var settingSection: Section? {
    var blocks: [Block] = []
    if let record = results.record {
      blocks.append(
        .terms([Term(name: "promptferry", description: Prose("version \(record.version)"))]))
      let prints = [("model", record.models), ("data", record.data)].flatMap { kind, prints in
        prints.sorted { $0.key < $1.key }.map { [Table.Value.text(kind), .text($0.key), .text($0.value)] }
      }
      blocks.append(
        .table(
          Table(
            id: id("fingerprints"), title: "What the results rest on",
            caption:
              "SHA-256 of each model's files, and of facts and word lists (its first 16 digits).",
            columns: [.init("kind"), .init("name"), .init("fingerprint")], rows: prints)))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    if let data = try? encoder.encode(configuration) {
      blocks.append(.code(String(decoding: data, as: UTF8.self), title: "The full configuration"))
    }
    return Section(id: id("settings"), title: "Settings and versions", blocks: blocks)
  }
}
