import Foundation
import Synchronization

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

  /// Runs the command to its end, or for `timeout` seconds.
  /// - Parameter environment: added to this process' own
  package static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:], timeout: Double = 60,
    executable: URL = Command.executable
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()

    // Both pipes are drained while the command runs, or it would wait for us when one is full.
    let texts = Mutex(["", ""])
    let readers = DispatchGroup()
    for (index, pipe) in [output, errors].enumerated() {
      let descriptor = pipe.fileHandleForReading.fileDescriptor
      let thread = Thread {
        let text = String(decoding: readAll(descriptor), as: UTF8.self)
        texts.withLock { $0[index] = text }
        readers.leave()
      }
      readers.enter()
      thread.start()
    }
    let timedOut = ended.wait(timeout: .now() + timeout) == .timedOut
    if timedOut {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
    }
    _ = readers.wait(timeout: .now() + 10)  // a grandchild may hold the pipes open
    let caught = texts.withLock { $0 }
    let isSignal = process.terminationReason == .uncaughtSignal
    return Outcome(
      status: process.terminationStatus + (isSignal ? 128 : 0), output: caught[0], errors: caught[1],
      timedOut: timedOut)
  }

  private static func readAll(_ descriptor: Int32) -> Data {
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 { data.append(contentsOf: buffer[..<count]) } else if count == 0 || errno != EINTR { break }
    }
    return data
  }
}
