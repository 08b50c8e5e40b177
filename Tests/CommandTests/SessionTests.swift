import Formats
import Foundation
import TestSupport
import Testing

/// `promptferry session`: the protocol of docs/protocol.md.
@Suite(.timeLimit(.minutes(15))) struct SessionTests {
  let world: World
  let session: SessionProcess

  init() throws {
    world = try World()
    session = try SessionProcess(in: world.folder.url)
  }

  private static let ask = "evaluate --model model --template [X]is[Y] --facts facts"

  @Test func aModelIsOpenedOnce() throws {
    let hello = try #require(try session.line { _ in true })
    #expect(hello["protocol"]?.int == 1 && hello["version"]?.string?.isEmpty == false)
    for id in 1...2 { try session.ask(id, Self.ask) }
    let (first, second) = (try #require(try session.reply(1)), try #require(try session.reply(2)))
    #expect(first["opened"]?.int == 1 && second["opened"]?.int == 0)
    #expect((first["status"]?.int, second["status"]?.int) == (0, 0))
    #expect((second["seconds"]?.double ?? 0) > 0)
    let alone = try world.json(Self.ask.split(separator: " ").map(String.init))
    for name in ["microAccuracy", "meanLogProbability", "factCount", "embeddingSHA256"] {
      #expect(first["result"]?[name] == alone[name] && second["result"]?[name] == alone[name], "\(name)")
    }
    // An open model has its space; the other one is opened.
    try session.ask(3, "inspect model other")
    #expect(try session.reply(3)?["opened"]?.int == 1)
    #expect(try session.end() == 0)
  }

  @Test func aChangedModelIsOpenedAnew() throws {
    try session.ask(1, "inspect model other")
    let before = try #require(try session.reply(1))
    #expect(before["opened"]?.int == 2)
    try FileManager.default.removeItem(at: world.folder.url.appending(path: "model"))
    try session.ask(2, "inspect model other")
    let gone = try #require(try session.reply(2))
    #expect(gone["status"]?.int == 1 && gone["error"]?["hint"] != nil, "\(gone)")
    try world.addModel("model", seed: 3)
    try session.ask(3, Self.ask)
    let after = try #require(try session.reply(3))
    #expect(after["opened"]?.int == 1)
    let alone = try world.json(Self.ask.split(separator: " ").map(String.init))
    #expect(after["result"]?["embeddingSHA256"] == alone["embeddingSHA256"])
    #expect(try session.end() == 0)
  }

  /// Whatever it is sent, it says what is wrong and goes on.
  @Test func badLinesAreAnswered() throws {
    let lines = [
      ("[", nil), ("{}", nil), (#"{"protocol": 2, "id": 7, "arguments": []}"#, 7),
      (#"{"protocol": 1, "id": 8, "arguments": [1]}"#, 8),
      (#"{"protocol": 1, "id": 9, "arguments": [], "x": 1}"#, 9),
      (#"{"protocol": 1, "id": "a", "arguments": []}"#, nil), ("\u{0}\u{1B}[2J", nil),
      ("\"" + String(repeating: "a", count: 17 << 20) + "\"", nil),
    ]
    for (line, _) in lines { try session.send(line) }
    try session.send("")
    try session.send(#"{"cancel": 99}"#)
    try session.ask(10, "--version")
    let last = try #require(try session.reply(10))
    #expect(last["status"]?.int == 0 && last["message"]?.string?.hasPrefix("promptferry ") == true)
    let replies = try session.lines().filter { $0["error"] != nil }
    #expect(replies.map { $0["id"]?.int } == lines.map(\.1))
    for reply in replies {
      #expect(reply["status"]?.int == 64 && reply["error"]?["place"]?.string == "request", "\(reply)")
    }
    #expect(try session.end() == 0)
  }

  @Test func errorsHaveFields() throws {
    try session.ask(1, "evaluate --model model --template [X]is[Y] --facts nowhere.csv")
    try session.ask(2, "tune --model model --facts facts --epochs 0 -o p.safetensors")
    try session.ask(3, "evaluate --modle model")
    try session.ask(4, "session")
    try session.send(#"{"protocol": 1, "id": 5, "arguments": ["list", "methods"], "folder": "nowhere"}"#)
    let missing = try #require(try session.reply(1))
    #expect(missing["status"]?.int == 1 && missing["result"] == nil)
    #expect(missing["error"]?["place"]?.string?.hasSuffix("/nowhere.csv") == true)
    #expect(missing["error"]?["problem"]?.string == "is not there")
    let wrong = try #require(try session.reply(2))
    #expect(wrong["status"]?.int == 64 && wrong["error"]?["place"] == nil)
    #expect(
      wrong["error"]?["problem"]?.string?.contains("--epochs wants a number from 1 to") == true, "\(wrong)")
    let misspelt = try #require(try session.reply(3))
    #expect(misspelt["error"]?["problem"]?.string?.contains("Did you mean '--model'?") == true, "\(misspelt)")
    #expect(try session.reply(4)?["status"]?.int == 1)
    #expect(try session.reply(5)?["error"]?["place"]?.string == "nowhere")
    #expect(try session.end() == 0)
  }

  /// Paths start from the request's folder; without one, from where the session was started.
  @Test func pathsStartFromTheFolder() throws {
    let facts = world.folder.url.appending(path: "facts").path
    try session.send(
      #"{"protocol": 1, "id": 1, "arguments": ["evaluate", "--model", "../model", "--template", "[X]is[Y]", "--facts", "."], "folder": "\#(facts)"}"#
    )
    try session.ask(2, Self.ask)
    #expect(try session.reply(1)?["status"]?.int == 0)
    #expect(try session.reply(2)?["opened"]?.int == 0)
    #expect(try session.end() == 0)
  }

  private static let long = "tune --model model --facts facts --epochs 1000000 -o best.safetensors"

  /// By a line as by Ctrl-C: the best so far is written, and the session goes on.
  @Test(arguments: [true, false]) func requestsAreStopped(byLine: Bool) throws {
    try session.ask(1, Self.long)
    let step = try #require(try session.line { $0["progress"] != nil })
    #expect(step["id"]?.int == 1 && step["progress"]?["unit"]?.string == "steps", "\(step)")
    #expect(step["progress"]?["title"]?.string == "tuning on model")
    if byLine { for _ in 0..<2 { try session.send(#"{"cancel": 1}"#) } } else { session.signal(SIGINT) }
    let reply = try #require(try session.reply(1))
    #expect(reply["status"]?.int == 130 && reply["result"]?["interrupted"]?.bool == true, "\(reply)")
    #expect(
      try session.lines().contains { $0["note"]?.string?.hasPrefix("Interrupted: best.safetensors") == true })
    // Between requests it is meant for who asks.
    session.signal(SIGINT)
    try session.ask(2, "inspect best.safetensors")
    #expect(try session.reply(2)?["result"]?["vectorCount"]?.int == 5)
    #expect(try session.end() == 0)
  }

  /// What is cancelled before it is begun does nothing.
  @Test func waitingRequestsAreCancelled() throws {
    try session.ask(1, Self.long)
    try session.ask(2, "tune --model model --facts facts -o never.safetensors")
    _ = try session.line { $0["progress"] != nil }
    for id in [2, 1] { try session.send(#"{"cancel": \#(id)}"#) }
    #expect(try session.reply(2)?["status"]?.int == 130)
    #expect(try session.end() == 0)
    #expect(try !world.folder.contents.contains("never.safetensors"))
  }

  @Test(arguments: [SIGTERM, SIGHUP]) func otherSignalsEndIt(_ signal: Int32) throws {
    try session.ask(1, Self.long)
    _ = try session.line { $0["progress"] != nil }
    session.signal(signal)
    #expect(try session.reply(1)?["status"]?.int == Int(128 + signal))
    #expect(session.wait() == 128 + signal)
    #expect(try world.folder.contents.contains("best.safetensors"))
  }
}
