import Foundation
import PromptTransfer
import Synchronization

/// Slurm's own commands.
enum SlurmCommand {
  /// Runs one and returns what it says.
  static func run(_ words: [String]) throws -> String {
    let (process, output, errors) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = FileHandle.nullDevice
    (process.standardOutput, process.standardError) = (output, errors)
    // What it says goes past what a pipe holds only where something is wrong with it: both are read at the same time.
    let problem = Mutex("")
    let isRead = DispatchSemaphore(value: 0)
    do {
      try process.run()
    } catch {
      throw TransferError(words[0], "cannot be run")
    }
    let reader = errors.fileHandleForReading
    Thread.detachNewThread {
      let text = String(decoding: reader.readDataToEndOfFile(), as: UTF8.self)
      problem.withLock { $0 = text }
      isRead.signal()
    }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    isRead.wait()
    guard process.terminationStatus == 0 else {
      let said = problem.withLock { $0 }.split(separator: "\n").last
        .map { String($0).replacing("\(words[0]): ", with: "", maxReplacements: 1) }
      throw TransferError(
        words[0],
        process.terminationStatus == 127
          ? "is not on this machine" : said ?? "ended with status \(process.terminationStatus)",
        hint: process.terminationStatus == 127 ? "Run this where jobs are submitted" : nil)
    }
    return text
  }
}
