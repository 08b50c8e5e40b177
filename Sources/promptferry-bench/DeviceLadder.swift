import Foundation
import LanguageModels
import PromptTransfer
import Tensors

/// One model's numbers on a device beside those of this processor.
package struct DeviceLadder {
  package struct Check: Codable, CustomStringConvertible {
    package let model, what: String
    package let precision: Precision
    /// The length of the difference over that of what was expected; 0 where bytes are compared.
    package let difference, allowed: Double
    package var isRight: Bool { difference <= allowed }

    package var description: String {
      "\(model), \(what), \(precision.rawValue): \(difference), allowed \(allowed)"
    }
  }

  package let deviceName: String
  private let name: String
  private let networks: [any Network]
  private let expected: FrozenModel
  private let groups: [TaughtGroup]

  package init(_ folder: URL, device: DeviceChoice) throws {
    name = folder.lastPathComponent
    let precisions = [PrecisionChoice.f32, .bf16] + (device == .cpu ? [] : [.f16])
    networks = try precisions.map {
      try Computing(device: device, precision: $0).network(folder)
    }
    deviceName = networks[0].deviceName ?? "this processor"
    expected = try FrozenModel(folder: folder)
    groups = Self.groups(expected.configuration)
  }

  /// Sequences of several lengths, with vectors among their tokens, of three prompts.
  private static func groups(_ shape: ModelConfiguration) -> [TaughtGroup] {
    var random = RandomStream(seed: 0, name: "device ladder")
    func number(_ count: Int) -> Int { min(count - 1, Int(random.uniform() * Double(count))) }
    return [3, 8, 5].map { count in
      let inputs = (0..<count).map { index in
        var elements: [PromptedInput.Element] = (0..<4 + number(6)).map { _ in
          .token(4 + number(shape.vocabularySize - 4))
        }
        for vector in 0..<3 { elements.insert(.vector(vector), at: 1 + number(elements.count - 1)) }
        elements.append(.token(4 + index))
        return PromptedInput(elements: elements, readPosition: elements.count - 1)
      }
      let prompt = Matrix(
        rows: 3, columns: shape.embeddingWidth,
        (0..<3 * shape.embeddingWidth).map { _ in Float(random.uniform() - 0.5) * 0.1 })
      return TaughtGroup(
        inputs: inputs, target: .labels(inputs.map { _ in number(shape.vocabularySize) }), prompt: prompt,
        scale: 1 / Float(count))
    }
  }

  package func checks() throws -> [Check] {
    var checks: [Check] = []
    let workspace = Workspace()
    let wanted = expected.lossesAndGradients(groups, candidates: expected.allWords, workspace)
    let logits = groups.map {
      expected.logits($0.inputs[...], prompt: $0.prompt, candidates: expected.allWords, workspace)
    }
    for network in networks {
      let allowed =
        switch network.precision {
        case .f32: (1e-5, 1e-4)
        case .bf16: (0.04, 0.2)
        case .f16: (0.005, 0.025)
        }
      let workspace = Workspace()
      let together = network.lossesAndGradients(groups, candidates: network.allWords, workspace)
      func add(_ what: String, _ difference: Double, _ allowed: Double) {
        checks.append(
          Check(
            model: name, what: what, precision: network.precision, difference: difference, allowed: allowed))
      }
      for (index, group) in groups.enumerated() {
        let found = network.logits(
          group.inputs[...], prompt: group.prompt, candidates: network.allWords, workspace)
        add("logits of group \(index)", Self.distance(found, logits[index]), allowed.0)
        add(
          "gradient of group \(index)", Self.distance(together[index].gradient, wanted[index].gradient),
          allowed.1)
        let alone = network.lossesAndGradients([group], candidates: network.allWords, workspace)[0]
        let isSame = alone.losses == together[index].losses && alone.gradient == together[index].gradient
        add("bytes of group \(index) alone", isSame ? 0 : 1, 0)
      }
      if let failure = network.failure { throw failure }
    }
    return checks
  }

  /// Over the length of what was expected from its mean; of what is no number infinite.
  private static func distance(_ found: Matrix, _ expected: Matrix) -> Double {
    let values = expected.elements.map { Double($0) }
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    let length = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    let off = zip(found.elements, values).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    guard found.count == expected.count, off.isFinite else { return .infinity }
    return off.squareRoot() / max(length, 1e-30)
  }
}
