import Formats
import Foundation
import PromptTransfer

/// The addresses of all prompts and cells of an experiment, in the order of its grid. They take a while to work out where there are
/// many, so the folder of results keeps them for `status`.
struct Plan: Sendable, Equatable {
  /// Of all that addresses follow from. Another key is another plan.
  let key: String
  var prompts: [UInt64] = []
  /// Cells that rest on the same have the same address.
  var cells: [UInt64] = []

  static let fileName = "plan.txt"

  static func text(_ address: UInt64) -> String {
    let digits = String(address, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func address(_ text: some StringProtocol) -> UInt64? {
    text.utf8.count == 16 ? UInt64(text, radix: 16) : nil
  }

  func write(to url: URL) throws {
    var text = "\(key)\n"
    text.reserveCapacity(19 * (prompts.count + cells.count) + 20)
    for (mark, addresses) in [("p", prompts), ("c", cells)] {
      for address in addresses { text += "\(mark) \(Self.text(address))\n" }
    }
    try AtomicFile.write(Data(text.utf8), to: url)
  }

  init(key: String, prompts: [UInt64] = [], cells: [UInt64] = []) {
    (self.key, self.prompts, self.cells) = (key, prompts, cells)
  }

  /// Nil where there is none with this key.
  init?(_ url: URL, key: String) {
    guard let data = try? WholeFile.read(url, .results), data.starts(with: Data("\(key)\n".utf8)) else {
      return nil
    }
    self.init(key: key)
    let isWhole = data.withUnsafeBytes { bytes in
      var position = key.utf8.count + 1
      while position < bytes.count {
        guard position + 19 <= bytes.count, let address = Self.address(bytes[position + 2..<position + 18])
        else { return false }
        if bytes[position] == UInt8(ascii: "p") { prompts.append(address) } else { cells.append(address) }
        position += 19
      }
      return true
    }
    guard isWhole else { return nil }
  }

  private static func address(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }
}

extension Materials {
  /// Of all that the addresses of results follow from. Nil where a model is not on this machine.
  func planKey(version: String) throws -> String? {
    struct Grounds: Encodable {
      let record: ExperimentRecord
      let settings: [[String: Setting]]
      let templates: [String: [String]]
      let formats: [Int]
    }
    let record = try record(version: version)
    guard try configuration.models.allSatisfy({ try fingerprint($0) != nil }) else { return nil }
    let templates = relations.mapValues { facts in
      [facts.manual?.description ?? "none", facts.task?.description.template.description ?? "none"]
        + (words(facts).map { [Fingerprint.of($0)] } ?? [])
    }
    return Fingerprint.of(
      Grounds(
        record: record, settings: configuration.methods.map(resolved), templates: templates,
        formats: [CellInputs.currentFormat, PromptInputs.currentFormat]))
  }
}
