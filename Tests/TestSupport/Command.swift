import Foundation

/// Runs the built `promptferry` and catches what it says.
package enum Command {
  package struct Outcome: Sendable {
    /// The exit status; 128 plus the signal's number when a signal ended it.
    package let status: Int32
    package let output: String
    package let errors: String
    package let timedOut: Bool
  }

  /// The folder of built products: the one that holds the test bundle.
  package static let products: URL = {
    var folder = URL(filePath: CommandLine.arguments[0]).standardizedFileURL.deletingLastPathComponent()
    for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
      return bundle.bundleURL.deletingLastPathComponent()
    }
    while folder.path.contains(".xctest") { folder.deleteLastPathComponent() }
    return folder
  }()

  package static let executable = products.appending(path: "promptferry")

  /// Runs the command to its end, or for `timeout` seconds. What it says goes through files: a pipe would have to be
  /// drained meanwhile, and commands that start at the same time would inherit each other's ends.
  /// - Parameter environment: added to this process' own, with the Hugging Face Hub switched off
  package static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:], timeout: Double = 60,
    executable: URL = Command.executable
  ) throws -> Outcome {
    let said = try TemporaryFolder()
    let (output, errors) = (try said.write("", to: "output"), try said.write("", to: "errors"))
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(["HF_HUB_OFFLINE": "1"]) { $1 }
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    let timedOut = ended.wait(timeout: .now() + timeout) == .timedOut
    if timedOut {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
    }
    return Outcome(
      status: process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0),
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self), timedOut: timedOut)
  }
}
