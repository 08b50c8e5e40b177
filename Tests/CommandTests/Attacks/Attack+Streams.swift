import Formats
import Foundation

/// Standard input and output.
extension Attack {
  /// What comes on standard input, to a session and where a file is meant, and outputs that take nothing.
  static func streams(_ draw: inout Draw) throws -> Attack {
    let endless = draw.one(["/dev/zero", "/dev/full", "/proc/self/mem", "/dev/null", "."])
    let isSession = draw.chance(2)
    guard isSession else {
      let command = draw.one([
        ask + ["-"], ask + ["/dev/stdin"], ask + ["facts", "--vocabulary", "/dev/stdin"], ["inspect", "-"],
        ["inspect", "/dev/stdin"], carry + ["--anchors", "/dev/stdin"],
        ["experiment", "status", "/dev/stdin"],
        ["convert", "/dev/stdin", "-o", "q.npy"],
        ["convert", "p", "-o", "/dev/full", "--to", "npy"],
      ])
      return Attack(
        name: "\(command.joined(separator: " ")) from \(endless)", arguments: command,
        script: "exec \"$0\" \"$@\" < \(endless)")
    }
    let (text, value) = (draw.one(texts), draw.one(values))
    let json = String(decoding: JSON.string(text).text, as: UTF8.self).trimmingCharacters(in: .newlines)
    let lines = [
      #"{"protocol": 1, "id": \#(value), "arguments": ["inspect", "model"]}"#,
      #"{"protocol": \#(value), "id": 1, "arguments": ["inspect", "model"]}"#,
      #"{"protocol": 1, "id": 1, "arguments": [\#(json)]}"#,
      #"{"protocol": 1, "id": 1, "arguments": \#(value)}"#,
      #"{"protocol": 1, "id": 1, "arguments": ["inspect", \#(json)]}"#,
      #"{"protocol": 1, "id": 1, "arguments": ["inspect", "model"], "folder": \#(json)}"#,
      #"{"protocol": 1, "id": 1, "arguments": ["session"]}"#, #"{"cancel": \#(value)}"#, #"{\#(json): 1}"#,
      text, value,
      String(repeating: "[", count: 100_000), String(repeating: "x", count: 17 << 20),
    ]
    let sent = (0..<1 + draw.pick(5)).map { _ in draw.one(lines) }
    return Attack(
      name: "session of \(sent.map { $0.prefix(40) })", arguments: ["session"],
      prepare: {
        try Data((sent.joined(separator: "\n") + "\n").utf8).write(to: $0.appending(path: "requests"))
      },
      script: "exec \"$0\" \"$@\" < requests",
      check: { _, said in
        said.split(separator: "\n").compactMap { line in
          (try? JSON.parse(Data(line.utf8)))?.members == nil ? "says \(line.prefix(100))" : nil
        }
      })
  }
}
