import Foundation

/// What is wrong with a file: where, what was expected, what was found, and what to do about it.
public struct FileError: Error, Equatable, CustomStringConvertible, LocalizedError {
  public let file: String
  /// The tensor or field concerned, where there is one.
  public let item: String?
  public let problem: String
  public let hint: String?

  public init(file: URL, item: String? = nil, _ problem: String, hint: String? = nil) {
    self.file = file.path
    self.item = item
    self.problem = problem
    self.hint = hint
  }

  public var description: String {
    file + (item.map { ": \($0)" } ?? "") + ": " + problem + (hint.map { ". " + $0 } ?? "")
  }

  public var errorDescription: String? { description }
}
