/// How large a file that is read whole may be, by what it holds: far above what is meant by one, far below what a machine has.
package enum FileLimit: Sendable {
  case configuration, words, facts, vocabulary, results, prompt

  package var bytes: Int {
    switch self {
    case .configuration: 32 << 20
    case .words: 64 << 20
    case .results, .vocabulary: 256 << 20
    case .facts, .prompt: 512 << 20
    }
  }

  private var name: String {
    switch self {
    case .configuration: "a configuration"
    case .words: "a list of words"
    case .facts: "a file of facts or examples"
    case .vocabulary: "a tokenizer's file"
    case .results: "a file of results"
    case .prompt: "a prompt"
    }
  }

  /// What is said of a larger one.
  package func problem(_ size: Int) -> String {
    "has \(size >> 20) MB, where \(name) may have \(bytes >> 20)"
  }

  package static let hint = "Check that this is the file that is meant"
}
