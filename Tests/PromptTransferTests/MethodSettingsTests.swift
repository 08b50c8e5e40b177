import Foundation
import PromptTransfer
import Testing

/// A method as data: what prompt files, configurations and the addresses of results say of it.
@Suite struct MethodSettingsTests {
  static let methods: [any TransferMethod] =
    MethodRegistry.all.map { $0.init() } + [
      CanonicalMap(ridge: 0.3, shrinkage: 0.7), LinearMap(ridge: 0), CanonicalMap(ridge: 1, centred: true),
      LinearMap(ridge: 1, centred: true), LinearMap(ridge: 1, polar: true), Procrustes(centred: true),
      Procrustes(centred: false, components: .all), Procrustes(centred: false, components: .first(3)),
      MatchingPursuit(wordCount: 3), MatchingPursuit(wordCount: 64, unitAtoms: true), Neighbours(nil),
      Neighbours(64, metric: .cosine), Neighbours(64, weights: .barycentric),
      Neighbours(64, weights: .leastSquares), Neighbours(64, weights: .softmax(temperature: 0.1)),
      Neighbours(64, weights: .softmax(temperature: 0.2)), Neighbours(64, weights: .sparsemax),
      ShuffledAnchors(CanonicalMap(ridge: 2)), RandomSpectrum(CanonicalMap(ridge: 1, centred: true)),
      RelativeSearch(.exact(ridge: 3), mask: .all), RelativeSearch(.exact(ridge: 0.1), mask: .top(12)),
      RelativeSearch(.exact(ridge: 0.1), mask: .topAbsolute(12)),
      RelativeSearch(.gradient(steps: 7, learningRate: 0.25), mask: .topAbsolute(8192)),
    ]

  @Test(arguments: methods)
  func whatIsWrittenIsReadAgain(_ method: any TransferMethod) throws {
    func hash(_ method: any TransferMethod) -> AnyHashable { AnyHashable(method) }
    let again = try MethodRegistry.method(named: method.name, MethodRegistry.settings(of: method))
    #expect(hash(again) == hash(method), "\(again) of \(method)")
  }

  /// Each preset is its method with what the paper says, and what is given comes before that.
  @Test(arguments: MethodPreset.all)
  func presetsAreMethodsWithSettings(_ preset: MethodPreset) throws {
    let method = try MethodRegistry.method(named: preset.name)
    #expect(method.name == preset.method && MethodRegistry.names.contains(preset.name))
    let settings = MethodRegistry.settings(of: method)
    for (key, value) in preset.settings { #expect(settings[key] == value, "\(preset.name) \(key)") }
  }

  @Test func presetsCanBeChanged() throws {
    let method = try MethodRegistry.method(named: "wechsel", ["temperature": .number(0.5)])
    #expect(
      method as? Neighbours == Neighbours(10, metric: .cosine, weights: .softmax(temperature: 0.5)))
  }

  /// What another setting takes the place of is not held against it.
  @Test func presetsMakeRoom() throws {
    let mixture = try MethodRegistry.method(named: "wechsel", ["weights": .text("barycentric")])
    #expect(mixture as? Neighbours == Neighbours(10, metric: .cosine, weights: .barycentric))
    let network = try MethodRegistry.method(named: "v2v-nn", ["hidden": .number(7), "stepLimit": .number(9)])
    let settings = MethodRegistry.settings(of: network)
    #expect(settings["hidden"] == .number(7) && settings["hiddenFactor"] == nil)
    #expect(settings["stepLimit"] == .number(9) && settings["epochs"] == nil)
    #expect(settings["batchSize"] == .number(50))
  }

  @Test(
    arguments: [
      ("omp", ["wordCount": .number(0)], "wordCount"), ("omp", ["wordCount": .text("all")], "wordCount"),
      ("omp", ["unitAtoms": .number(2)], "unitAtoms"), ("neighbours", ["wordCount": .number(0)], "wordCount"),
      ("neighbours", ["metric": .text("manhattan")], "metric"),
      ("neighbours", ["weights": .text("even")], "weights"),
      ("neighbours", ["temperature": .number(1)], "temperature"),
      ("neighbours", ["weights": .text("softmax"), "temperature": .number(0)], "temperature"),
      ("neighbours", ["weights": .text("barycentric"), "wordCount": .text("all")], "wordCount"),
      ("neighbours", ["weights": .text("leastSquares"), "wordCount": .number(5000)], "wordCount"),
      ("procrustes", ["components": .number(0)], "components"),
      ("linear", ["centred": .number(1)], "centred"),
      ("shuffled", ["ridge": .number(-1)], "ridge"), ("spectrum", ["shrinkage": .number(2)], "shrinkage"),
      ("projector", ["hidden": .number(4), "hiddenFactor": .number(2)], "hiddenFactor"),
      ("focus", ["ridge": .number(1)], "ridge"),
    ] as [(String, [String: Setting], String)])
  func wrongSettingsAreNamed(_ name: String, _ settings: [String: Setting], _ subject: String) {
    let error = #expect(throws: TransferError.self) { try MethodRegistry.method(named: name, settings) }
    #expect(error?.subject == subject)
  }

  /// Methods that differ are written otherwise.
  @Test func everySettingIsWritten() {
    let texts = Self.methods.map { method in
      "\(method.name) "
        + MethodRegistry.settings(of: method).map { "\($0) \($1)" }.sorted().joined(separator: ", ")
    }
    #expect(Set(texts).count == texts.count, "\(texts.sorted())")
  }
}
