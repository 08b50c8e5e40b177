import Foundation
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// Searches against PyTorch's, from the same start (scripts/goldens/search.py).
@Suite struct SearchGoldenTests {
  static let masks: [(String, AnchorMask)] = [
    ("all", .all), ("signed", .top(40)), ("absolute", .topAbsolute(40)),
  ]
  static let rules: [NormalizationRule] = [.moments, .scale, .strength, .none]

  /// The golden's inputs and what follows from them before any search.
  private struct Case {
    let golden: GoldenTensors
    let prompt, start, sourceAnchors, targetAnchors, unitAnchors: Matrix
    let mean, deviation: Double
    let code: RelativeCode

    init(_ name: String, _ mask: AnchorMask) throws {
      let folder = Fixtures.folder.appending(path: "search")
      golden = try GoldenTensors(folder.appending(path: "\(name).safetensors"))
      let inputs = try GoldenTensors(folder.appending(path: "inputs.safetensors"))
      func input(_ name: String) throws -> Matrix { try #require(try inputs.matrix(name)) }
      (prompt, start) = (try input("prompt"), try input("start"))
      (sourceAnchors, targetAnchors) = (try input("source_anchors"), try input("target_anchors"))
      unitAnchors = targetAnchors.normalizingRows()
      code = RelativeCode([(prompt, sourceAnchors, 1)], mask: mask)
      let settings = try Fixtures.json(folder.appending(path: "inputs.json"))
      mean = try #require(settings["mu"]?.double)
      deviation = try #require(settings["sigma"]?.double)
    }

    func normalization(_ rule: NormalizationRule) -> Normalization {
      let width = Double(targetAnchors.columns)
      switch rule {
      case .moments: return .moments(mean: mean, deviation: deviation)
      case .scale:
        let length = (width * (mean * mean + deviation * deviation)).squareRoot()
        return .lengths(Array(repeating: length, count: prompt.rows))
      case .strength:
        return .lengths(
          (0..<prompt.rows).map {
            Naive.norm(prompt, $0) / Naive.meanNorm(sourceAnchors) * Naive.meanNorm(targetAnchors)
          })
      case .deviation, .none: return .none  // no search's golden has deviation: the pipelines' do
      }
    }
  }

  @Test(arguments: masks) func codesAndMasksAgree(_ name: String, _ mask: AnchorMask) throws {
    let given = try Case(name, mask)
    let inputs = try GoldenTensors(Fixtures.folder.appending(path: "search/inputs.safetensors"))
    expectClose(
      given.code.similarities, try #require(try inputs.matrix("codes")), absolute: 1e-6, "codes")
    let wanted = try #require(try given.golden.matrix("mask"))
    for row in 0..<wanted.rows {
      let kept = given.code.kept[row] ?? Array(0..<wanted.columns)
      #expect(kept == (0..<wanted.columns).filter { wanted[row, $0] == 1 }, "row \(row)")
    }
  }

  /// The whole curve of 2,000 losses, and the result. PyTorch's own float32 and float64 curves differ by 1.4e-7; the
  /// bound leaves room for other orders of summation, amplified by 2,000 steps.
  @Test(arguments: masks, rules)
  func gradientSearchFollowsPyTorch(_ mask: (String, AnchorMask), _ rule: NormalizationRule) throws {
    let given = try Case(mask.0, mask.1)
    let result = GradientSearch().run(
      given.code, unitAnchors: given.unitAnchors, start: given.start, normalization: given.normalization(rule)
    )
    let losses = try #require(try given.golden.matrix("\(rule.rawValue).losses"))
    expectClose(result.losses, losses.elements, absolute: 5e-6, "losses")
    let vectors = try #require(try given.golden.matrix("\(rule.rawValue).result"))
    expectClose(result.vectors, vectors, absolute: 2e-4, "result")
  }

  /// By the symmetric square roots of the definition, in float64.
  @Test(arguments: [0.0, 0.1, 3.0], [0.0, 0.5, 1.0])
  func canonicalMapFollowsItsDefinition(_ ridge: Double, _ shrinkage: Double) throws {
    let given = try Case("all", .all)
    let golden = try GoldenTensors(Fixtures.folder.appending(path: "search/maps.safetensors"))
    var sums = PairedSums(
      sourceWidth: given.sourceAnchors.columns, targetWidth: given.targetAnchors.columns)
    for block in [0..<50, 50..<given.sourceAnchors.rows] {
      sums.add(
        given.sourceAnchors.rowBlock(block), given.targetAnchors.rowBlock(block),
        parallelism: Parallelism(threads: 2))
    }
    let (weight, _) = CanonicalMap(ridge: ridge, shrinkage: shrinkage).weight(sums)
    var carried = Matrix(rows: given.prompt.rows, columns: weight.columns)
    carried.multiply(given.prompt, weight)
    let expected = try #require(try golden.matrix("canonical.\(ridge).\(shrinkage)"))
    expectClose(carried, expected, absolute: 2e-5)
  }

  @Test(arguments: masks, [0.0, 0.1])
  func exactSearchFindsTheSolution(_ mask: (String, AnchorMask), _ ridge: Double) throws {
    let given = try Case(mask.0, mask.1)
    let found = ExactSearch(ridge: ridge).directions(given.code, given.unitAnchors, mask: mask.1)
    let wanted = try #require(try given.golden.matrix("exact.\(ridge)"))
    for row in 0..<found.rows { #expect(cosine(found, wanted, row: row) > 1 - 1e-9) }
    let objective = try #require(try given.golden.matrix("exact.\(ridge).objective"))
    expectClose(
      given.code.objective(found, unitAnchors: given.unitAnchors), objective.elements, absolute: 1e-6)
  }

  /// No start and no number of steps finds more than the closed form, where the rule keeps directions.
  @Test(arguments: masks, [NormalizationRule.scale, .strength, .none])
  func exactSearchIsNeverBeaten(_ mask: (String, AnchorMask), _ rule: NormalizationRule) throws {
    let given = try Case(mask.0, mask.1)
    let normalization = given.normalization(rule)
    let exact = normalization.forward(
      ExactSearch(ridge: 0).directions(given.code, given.unitAnchors, mask: mask.1))
    let best = given.code.objective(exact, unitAnchors: given.unitAnchors)
    for seed in 0..<3 as Range<UInt64> {
      let start = GradientSearch.start(
        rows: given.prompt.rows, columns: given.targetAnchors.columns, seed: seed)
      let found = GradientSearch().run(
        given.code, unitAnchors: given.unitAnchors, start: start, normalization: normalization)
      let reached = given.code.objective(found.vectors, unitAnchors: given.unitAnchors)
      for row in reached.indices { #expect(best[row] >= reached[row] - 1e-6, "seed \(seed), row \(row)") }
    }
  }
}

extension ExactSearch {
  /// Fitted to the anchors (K, Ct), rows of unit length, and asked at once.
  func directions(
    _ code: RelativeCode, _ anchors: Matrix, mask: AnchorMask, strategy: Strategy? = nil, threads: Int = 1
  ) -> Matrix {
    let parallelism = Parallelism(threads: threads)
    return fitted(anchors, mask: mask, parallelism, strategy: strategy)
      .directions(code, parallelism: parallelism).vectors
  }
}
