import ArgumentParser
import Foundation
import PromptTransfer

struct SessionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session",
    abstract:
      "Answers requests on standard input, one JSON object a line: for other programs, which Python's module is one of.",
    discussion: """
      Example:
        echo '{"protocol": 1, "id": 1, "arguments": ["inspect", "zoo:bert-tiny"]}' |
          promptferry session

      A request is a command line; the reply holds what --json would print. Models stay open between requests, as long as their \
      files are as they were. It ends with its input. The protocol: docs/protocol.md.
      """)

  func run() async throws {
    let session = try Session()
    let (requests, continuation) = AsyncStream<SessionRequest>.makeStream()
    SessionInput.read(session.input, endOfReplies: session.output) { line in
      guard let line else { return continuation.finish() }
      switch SessionRequest.Line(line) {
      case .request(let request):
        session.expect(request.id)
        continuation.yield(request)
      case .cancel(let id): session.cancel(id)
      case .unreadable(let id, let problem):
        session.send(
          Session.Reply(
            id: id, status: ExitCode.validationFailure.rawValue,
            error: .init(place: "request", problem: problem)))
      }
    }
    session.hello()
    for await request in requests {
      await session.answer(request)
      if let signal = session.endingSignal { throw ExitCode(128 + signal) }
    }
  }
}
