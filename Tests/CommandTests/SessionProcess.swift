import Formats
import Foundation
import TestSupport

/// A running `promptferry session`, and what it has said.
final class SessionProcess {
  private let process = Process()
  private let said: TemporaryFolder
  private let input: FileHandle
  private let output: URL

  /// What it says goes through a file, as with `Command.run`.
  init(in folder: URL) throws {
    said = try TemporaryFolder()
    let pipe = Pipe()
    input = pipe.fileHandleForWriting
    // A command that another test starts meanwhile must not hold it open.
    _ = fcntl(input.fileDescriptor, F_SETFD, FD_CLOEXEC)
    output = try said.write("", to: "output")
    let errors = try said.write("", to: "errors")
    process.executableURL = Command.executable
    process.arguments = ["session"]
    process.currentDirectoryURL = folder
    let writing = [try FileHandle(forWritingTo: output), try FileHandle(forWritingTo: errors)]
    defer { for handle in writing + [pipe.fileHandleForReading] { try? handle.close() } }
    (process.standardInput, process.standardOutput, process.standardError) = (pipe, writing[0], writing[1])
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  func send(_ line: String) throws { try input.write(contentsOf: Data((line + "\n").utf8)) }

  /// Sends a request for a command line, written with spaces between its words.
  func ask(_ id: Int, _ arguments: String) throws {
    let words = arguments.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", ")
    try send(#"{"protocol": 1, "id": \#(id), "arguments": [\#(words)]}"#)
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// All complete lines so far.
  func lines() throws -> [JSON] {
    let data = try Data(contentsOf: output)
    guard let end = data.lastIndex(of: 0x0A) else { return [] }
    return try data[..<end].split(separator: 0x0A).map { try JSON.parse(Data($0)) }
  }

  /// The first line that is asked for, waited for while the session lives.
  func line(where isMeant: (JSON) -> Bool) throws -> JSON? {
    while true {
      let isRunning = process.isRunning
      if let line = try lines().first(where: isMeant) { return line }
      guard isRunning else { return nil }
      usleep(2000)
    }
  }

  func reply(_ id: Int) throws -> JSON? { try line { $0["id"]?.int == id && $0["status"] != nil } }

  /// Closes its input, and returns its status: 128 and more where a signal ended it.
  func end() throws -> Int32 {
    try input.close()
    return wait()
  }

  func wait() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
  }
}
