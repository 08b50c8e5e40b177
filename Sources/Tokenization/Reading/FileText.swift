import Formats
import Foundation

/// Files as bytes and as lines.
enum FileText {
  static func data(of url: URL) throws(TokenizationError) -> Data {
    let data: Data
    do {
      data = try WholeFile.read(url, .vocabulary)
    } catch {
      guard error.problem != LargeFilePointer.problem else {
        throw TokenizationError(
          file: url.path, expected: "the file itself", found: "a Git LFS pointer in its place",
          hint: error.hint)
      }
      let isThere = FileManager.default.fileExists(atPath: url.path)
      throw TokenizationError(
        file: url.path, expected: "a readable file", found: isThere ? "one that \(error.problem)" : "no file",
        hint: isThere ? error.hint : nil)
    }
    return data
  }

  /// The lines of a UTF-8 file, without their line feeds; a last line that ends in one has no empty line after
  /// it (`BufRead::lines` of Rust). A byte order mark is kept, as tokenizers keeps it.
  static func lines(of url: URL) throws(TokenizationError) -> [ArraySlice<UInt8>] {
    let whole = try data(of: url)
    do { try WholeFile.requireLines(whole, url) } catch {
      throw TokenizationError(
        file: url.path, field: error.item, expected: "a token", found: "a line that \(error.problem)",
        hint: error.hint)
    }
    let bytes = [UInt8](whole)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TokenizationError(file: url.path, expected: "UTF-8 text", found: "other bytes")
    }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
  }
}
