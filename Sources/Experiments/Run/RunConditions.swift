import Foundation
import PromptTransfer

/// When and on what a cell was run.
public struct RunConditions: Sendable, Codable, Hashable {
  /// The day, in UTC: `2026-11-29`.
  public let day: String
  /// The processor's name as the system has it, the system, and the GPU where models may run on one.
  public let machine: String
  /// Threads of the run, which its cells share.
  public let threads: Int
  /// `promptferry 0.2.0 (d18e81a22783)`
  public let program: String

  package init(day: String, machine: String, threads: Int, program: String) {
    (self.day, self.machine, self.threads, self.program) = (day, machine, threads, program)
  }

  /// Those of now and here.
  init(threads: Int, program: String, device: DeviceChoice) {
    self.init(
      day: Date.now.formatted(.iso8601.year().month().day()),
      machine: [Self.machine, device.name].compactMap(\.self).joined(separator: ", "), threads: threads,
      program: program)
  }

  private static let machine = [processor, system].compactMap(\.self).joined(separator: ", ")

  #if canImport(Darwin)
    private static let system = "macOS"
    private static var processor: String? {
      var text = [CChar](repeating: 0, count: 256)
      var size = text.count
      guard sysctlbyname("machdep.cpu.brand_string", &text, &size, nil, 0) == 0 else { return nil }
      return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  #else
    private static let system = "Linux"
    private static var processor: String? {
      let lines =
        (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
      return lines.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last.map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
  #endif
}
