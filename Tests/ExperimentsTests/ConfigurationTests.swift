import Experiments
import Foundation
import PromptTransfer
import TestSupport
import Testing

@Suite struct ConfigurationTests {
  /// A right configuration, with one member more or another in its place.
  private func configuration(_ member: String = "") throws -> ExperimentConfiguration {
    var members = [
      "name": #""a-name""#, "title": #""A title""#, "facts": #""facts""#, "templates": #""relations.jsonl""#,
      "pairs": #"[{"sources": ["a"], "target": "b"}]"#, "methods": #"[{"method": "relative"}]"#,
    ]
    if let colon = member.firstIndex(of: ":") {
      members[String(member[..<colon])] = String(member[member.index(after: colon)...])
    }
    let text =
      "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",")
      + "}"
    let folder = try TemporaryFolder()
    return try ExperimentConfiguration(contentsOf: folder.write(text, to: "c.json"))
  }

  @Test func defaults() throws {
    let plain = try configuration()
    #expect(plain.vectorCounts == [5] && plain.seeds == [0] && plain.relations == nil)
    #expect(plain.tuning == TuningSettings())
    #expect(plain.precision == .f32)
    #expect(try configuration(#"precision:"bf16""#).precision == .bf16)
    #expect(plain.methods.map(\.label) == ["relative"])
  }

  @Test func listsOfSettingsBecomeAllCombinations() throws {
    let methods = try configuration(
      #"methods:[{"label": "m", "method": "linear", "ridge": [0, 0.5], "normalize": ["scale", "strength"]}]"#
    ).methods
    #expect(methods.allSatisfy { $0.label == "m" && $0.name == "linear" })
    #expect(methods.map { $0.number("ridge") } == [0, 0.5, 0, 0.5])
    #expect(methods.map(\.normalization) == [.scale, .scale, .strength, .strength])
  }

  @Test func whatIsReadCanBeWrittenAndReadAgain() throws {
    let first = try configuration(#"tuning:{"epochs": 3}"#)
    #expect(first.tuning.epochs == 3)
    let folder = try TemporaryFolder()
    let data = try JSONEncoder().encode(first)
    let again = try JSONDecoder().decode(ExperimentConfiguration.self, from: data)
    #expect(again == first)
    _ = folder
  }

  /// Each wrong member, and what the message must name.
  @Test(arguments: [
    ("sedes:[1]", "sedes"),
    (#"methods:[{"method": "relative", "rigde": 1}]"#, "rigde"),
    (#"methods:[{"method": "magic"}]"#, "methods[0].method"),
    (#"methods:[{"label": "no method"}]"#, "methods[0].method"),
    (#"methods:[{"method": "linear", "ridge": -1}]"#, "ridge"),
    (#"methods:[{"method": "relative", "anchorCount": 0}]"#, "positive"),
    (#"methods:[]"#, "methods"),
    (#"pairs:[]"#, "pairs"),
    (#"pairs:[{"sources": [], "target": "b"}]"#, "sources"),
    (#"pairs:[{"sources": ["a", "a"], "target": "b"}]"#, "twice"),
    (#"pairs:[{"source": "a", "target": "b"}]"#, "source"),
    ("seeds:[]", "seeds"),
    (
      #"methods:[{"method": "relative", "ridge": \#(Array(0..<2000)), "anchorCount": \#(Array(1..<2001))}]"#,
      "4000000 methods"
    ),
    (#"tuning:{"evaluationsPerEpoch": 0}"#, "tuning"), ("vectorCounts:[1e300]", "number"),
    (#"seeds:["one"]"#, "seeds[0]"),
    ("vectorCounts:[0]", "vectorCounts"),
    (#"name:"../up""#, "name"),
    ("vectorCounts:[513]", "vectorCounts"),
    // What suits a machine would differ between those that share the work.
    (#"precision:"auto""#, "precision"),
    (#"tuning:{"epochs": 0}"#, "tuning"),
    (#"tuning:{"epochs": 9223372036854775807}"#, "tuning"),
    (#"tuning:{"batchSize": 9223372036854775807}"#, "tuning"),
    (#"tuning:{"warmupShare": 1e300}"#, "tuning"), (#"tuning:{"weightDecay": -1}"#, "tuning"),
    (#"methods:[{"method": "direct", "epochs": 9223372036854775807}]"#, "epochs"),
    (#"figures:[{"kind": "curve"}]"#, "figures[0].x"),
    (#"figures:[{"kind": "comparison", "methods": ["unknown"]}]"#, "unknown"),
    (
      #"claims:[{"claim": "c", "better": {"label": "nobody"}, "than": {"label": "nobody"}}]"#,
      "claims: names the method \"nobody\""
    ),
    (#"methods:[{"method": "canonical", "shrinkage": 2}]"#, "shrinkage"),
    (#"methods:[{"method": "canonical", "anchorShare": 0}]"#, "anchorShare"),
    (#"methods:[{"method": "procrustes", "select": "dev"}]"#, "select"),
  ])
  func wrongMembersAreNamed(member: String, named: String) throws {
    let error = #expect(throws: TransferError.self) { try configuration(member) }
    #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("c.json") == true)
  }

  @Test func brokenJSONIsNamed() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: TransferError.self) {
      try ExperimentConfiguration(contentsOf: folder.write("{ \"name\": ", to: "c.json"))
    }
    #expect(error?.description.contains("JSON") == true)
  }

  @Test func cellsThatMustComeOutAlikeAreOne() throws {
    var settings = try configuration(
      #"methods:[{"method": "manual"}, {"method": "direct"}, {"method": "relative"}]"#)
    settings.pairs = [
      .init(sources: ["a"], target: "c"), .init(sources: ["b"], target: "c"),
      .init(sources: ["a", "b"], target: "c"),
    ]
    settings.seeds = [0, 1]
    let grid = Grid(settings, relations: ["r", "s"])
    let counts = Dictionary(grouping: grid.cells, by: \.method.name).mapValues(\.count)
    // Relations; relations and seeds; relations, seeds and pairs.
    #expect(counts == ["manual": 2, "direct": 4, "relative": 12])
    // Three models, two relations, two seeds.
    #expect(grid.prompts.count == 12)
    #expect(Set(grid.cells.map(\.identifier)).count == grid.cells.count)
  }
}
