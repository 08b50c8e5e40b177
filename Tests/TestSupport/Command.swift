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

  /// A signal that the command gets once something has happened: after a time it would be in another place on every machine.
  package struct Signal {
    let number: Int32
    let isDue: (_ errors: String) -> Bool

    /// - Parameter isDue: asked every few milliseconds, with what the command has said on its error output
    package init(_ number: Int32, when isDue: @escaping (_ errors: String) -> Bool) {
      (self.number, self.isDue) = (number, isDue)
    }
  }

  /// Runs the command to its end, or for `timeout` seconds, which only a command that hangs takes. What it says goes through
  /// files: a pipe would have to be drained meanwhile, and commands that start at the same time would inherit each other's
  /// ends.
  /// - Parameter environment: added to this process' own, with the Hugging Face Hub switched off
  package static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:], timeout: Double = 600,
    signal: Signal? = nil, executable: URL = Command.executable
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
    let writing = [try FileHandle(forWritingTo: output), try FileHandle(forWritingTo: errors)]
    // Foundation does not close them, and with more than 1,365 open files `run` itself reads beyond the listing of them and crashes.
    defer { for handle in writing { try? handle.close() } }
    (process.standardOutput, process.standardError) = (writing[0], writing[1])
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    let deadline = DispatchTime.now() + timeout
    var pending = signal
    var timedOut = false
    while ended.wait(timeout: pending == nil ? deadline : .now() + 0.002) == .timedOut {
      if .now() >= deadline {
        timedOut = true
        kill(process.processIdentifier, SIGKILL)
        ended.wait()
        break
      }
      if let due = pending, due.isDue(String(decoding: try Data(contentsOf: errors), as: UTF8.self)) {
        kill(process.processIdentifier, due.number)
        pending = nil
      }
    }
    return Outcome(
      status: process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0),
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self), timedOut: timedOut)
  }
}
