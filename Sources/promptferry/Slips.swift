import ArgumentParser
import Formats
import Foundation
import Hub

/// What no option takes, and what was meant by it.
enum Slips {
  private static let dashes: Set<Unicode.Scalar> = [
    "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2212}",
  ]

  /// Throws `ValidationError`.
  /// - Parameters:
  ///   - earlier: the argument before
  ///   - isValue: whether it is that one's value
  static func refuse(_ argument: String, after earlier: String?, isValue: Bool) throws {
    let name = argument.hasPrefix("-") ? argument.prefix { $0 != "=" } : ""
    let value = name.isEmpty || name == argument ? argument[...] : argument[name.endIndex...].dropFirst()
    let option = name.isEmpty ? (isValue ? earlier : nil) : String(name)
    if value.isEmpty, let option {
      throw ValidationError("\(shown(option)) is empty: give its value")
    }
    if value == "-" {
      throw ValidationError("'-' stands for no file: what is read and written has a name. Give a path")
    }
    if ["http://", "https://"].contains(where: value.lowercased().hasPrefix) { throw address(String(value)) }
    if !isValue, let first = argument.unicodeScalars.first, dashes.contains(first) {
      let rest = argument.unicodeScalars.drop { dashes.contains($0) || $0 == "-" }
      guard rest.first?.properties.isAlphabetic == true else { return }
      throw ValidationError(
        "'\(shown(argument))' begins with a dash that is no hyphen: write '--\(shown(String(rest)))'")
    }
  }

  /// Without the address itself, which may hold a password; of a page of the Hub the model's id.
  private static func address(_ text: String) -> ValidationError {
    let problem = "an address of the web is given, where a file or a model belongs"
    let parts = URLComponents(string: text)?.path.split(separator: "/").prefix(2) ?? []
    guard let host = URLComponents(string: text)?.host,
      ["huggingface.co", "www.huggingface.co", "hf.co"].contains(host),
      !["datasets", "spaces"].contains(parts.first), let id = HubID(parts.joined(separator: "/"))
    else {
      return ValidationError("\(problem). Download the file, and give its name")
    }
    return ValidationError("\(problem). Give the model's id: \(shown("\(id)"))")
  }

  private static func shown(_ text: String) -> String { VisibleText.line(text, limit: 60) }
}
