import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Models in BFloat16 beside the same in Float32.
@Suite struct PrecisionTests {
  /// The goldens' ladder, with 8 bits an operand: logits within a fiftieth of their spread, the gradient within a tenth of its
  /// length, twice what was seen, and neither as exact as in Float32.
  @Test(arguments: GoldenTests.cases)
  func ladder(_ name: String) throws {
    let golden = try Golden(Fixtures.model(name))
    let model = try FrozenModel(folder: Fixtures.model(name), precision: .bf16)
    #expect(model.precision == .bf16)
    let ladder = Ladder(model, golden)
    for (rung, limit) in [("logits", 0.02), ("prompt_gradient", 0.1)] {
      let (found, expected) = (try #require(ladder.tensors[rung]), try #require(try golden.matrix(rung)))
      let off = Self.distance(found.wide, expected.wide) / Self.distance(expected.wide, nil)
      #expect(off < limit && off > 1e-5, "\(rung): \(off)")
      if ProcessInfo.processInfo.environment["PROMPTFERRY_SHOW_DIFFERENCES"] != nil {
        print("\(name) \(rung): \(off)")
      }
    }
  }

  /// Of two lists, or of one from its mean.
  static func distance(_ a: [Double], _ b: [Double]?) -> Double {
    let mean = a.reduce(0, +) / Double(max(1, a.count))
    return zip(a, b ?? a.map { _ in mean }).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// Whether 16 bits suit it is seen from the checkpoint and the processor.
  @Test func whatSuitsACheckpoint() throws {
    let folder = try TemporaryFolder()
    let file = Fixtures.folder.appending(path: "gguf/llama/model.gguf")
    let narrow = try folder.write(NarrowGGUF.bytes(file), to: "narrow.gguf")
    #expect(try FrozenModel(folder: file, precision: .auto).precision == .f32)
    #expect(
      try FrozenModel(folder: narrow, precision: .auto).precision
        == (Precision.hasFastBFloat16 ? .bf16 : .f32))
    #expect(try FrozenModel(folder: narrow).precision == .f32)
  }
}
