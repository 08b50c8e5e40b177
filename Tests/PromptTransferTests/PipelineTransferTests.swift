import PromptTransfer
import TestSupport
import Testing

/// What every method carries, against its definition in float64 (scripts/goldens/pipeline.py).
@Suite struct PipelineTransferTests {
  /// From one source, and from two with the weights 1 and 3.
  @Test(arguments: Pipeline.methods.map(\.name), Pipeline.rules)
  func everyMethodIsAsDefined(_ method: String, _ rule: NormalizationRule) throws {
    let pipeline = try Pipeline()
    guard try rule != .deviation || !pipeline.method(method).findsDirectionsOnly else {
      #expect(throws: TransferError.self) { try pipeline.carry(method, rule, several: false) }
      return
    }
    for several in [false, true] {
      let name = "\(method).\(rule.rawValue)\(several ? ".two" : "")"
      expectRows(
        try pipeline.carry(method, rule, several: several), try pipeline.transfer(name),
        relative: tolerance(method), name)
    }
  }

  /// What does not name its start, or was random, counts as started from the mean word; so does one that was a
  /// template with a word that the target does not know.
  @Test(
    arguments: [
      ("template:[X] w10 w11 [Y] .", "words"), ("mean", "mean"), (nil, "mean"), ("random", "mean"),
      ("template:[X] w10 a0 [Y] .", "mean"), ("template:[X] [Y]", "mean"), ("template:", "mean"),
    ] as [(String?, String)], [false, true])
  func startsAreKept(_ start: (name: String?, golden: String), _ several: Bool) throws {
    let pipeline = try Pipeline()
    let carried = try pipeline.change(from: start.name, several: several)
    let name = "change.\(start.golden)\(several ? ".two" : "")"
    expectRows(carried.vectors, try pipeline.transfer(name), relative: 1e-5, name)
    #expect(carried.provenance["keptStart"] == (start.golden == "mean" ? "mean" : start.name))
    #expect(carried.provenance["normalize"] == "none")
  }

  /// Of a vector's length. Float32 has 6e-8, a product over 41 anchors a few of it; training and search repeat that 40 and 10
  /// times, and Adam divides small differences by small numbers.
  private func tolerance(_ method: String) -> Double {
    method == "projector" || method.hasPrefix("gradient") ? 5e-5 : 1e-5
  }

  /// They are the target's: no rule is applied to them.
  @Test(arguments: Pipeline.marks)
  func marksAreAsDefined(_ method: any TransferMethod) throws {
    let pipeline = try Pipeline()
    expectRows(
      try pipeline.carry(method), try pipeline.transfer(method.name), relative: 1e-6, method.name)
  }

  @Test(arguments: [("default.two", true), ("default.relative", false), ("default.linear", false)])
  func defaultsAreThoseOfTheMethod(_ name: String, _ several: Bool) throws {
    let pipeline = try Pipeline()
    let method = several ? "canonical" : String(name.split(separator: ".")[1])
    expectRows(
      try pipeline.carryByDefault(method, several: several), try pipeline.transfer(name), relative: 1e-5, name
    )
  }
}
