import Foundation
import PromptTransfer
import Testing

/// A method as data: what prompt files, configurations and the addresses of results say of it.
@Suite struct MethodSettingsTests {
  static let methods: [any TransferMethod] =
    MethodRegistry.all.map { $0.init() } + [
      CanonicalMap(ridge: 0.3, shrinkage: 0.7), LinearMap(ridge: 0),
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

  /// Methods that differ are written otherwise.
  @Test func everySettingIsWritten() {
    let texts = Self.methods.map { method in
      "\(method.name) "
        + MethodRegistry.settings(of: method).map { "\($0) \($1)" }.sorted().joined(separator: ", ")
    }
    #expect(Set(texts).count == texts.count, "\(texts.sorted())")
  }
}
