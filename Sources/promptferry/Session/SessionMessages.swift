import ArgumentParser
import Formats

/// The lines that a session writes; docs/protocol.md describes them.
extension Session {
  struct Hello: Encodable {
    let `protocol`: Int
    let version: String
  }

  struct Progress: Encodable {
    struct Step: Encodable {
      let done: Int
      let title: String
      let total: Int
      let unit: String
    }

    let id: Int
    let progress: Step
  }

  struct Note: Encodable {
    let id: Int
    let note: String
  }

  /// The end of a request. What the verb prints stands beside as `result`.
  struct Reply: Encodable {
    /// Nil where a line cannot be told to be a request.
    let id: Int?
    /// The exit status that the command would have.
    var status: Int32
    var error: Failure?
    /// Text that was asked for: help, the version.
    var message: String?
    /// How many models and embedding spaces were opened, and not found open.
    var opened = 0
    /// Of work, from the request read to the result.
    var seconds: Double = 0
  }

  /// What is wrong, and what to do about it.
  struct Failure: Encodable {
    /// The file, model or argument concerned; nil where it is the command line itself.
    var place: String?
    let problem: String
    var hint: String?

    static let interrupted = Failure(problem: "was interrupted")
  }
}

extension Session.Failure {
  init(_ error: any Error, of arguments: [String]) {
    if error is ExitCode {
      self = .interrupted
    } else if let parts = ErrorText.parts(error) {
      self.init(place: parts.place, problem: parts.problem, hint: parts.hint)
    } else {
      let text = ErrorText.text(error, of: arguments).split(separator: "\n").first ?? ""
      self.init(problem: String(text.hasPrefix("Error: ") ? text.dropFirst(7) : text))
    }
  }
}
