import Formats

/// Records of columns, one a line.
enum DelimitedText {
  struct Record: Equatable {
    let columns: [String]
    /// The line it begins on, from 1.
    let line: Int
  }

  /// What is wrong on which line.
  struct Problem: Error, Equatable {
    let line: Int
    let text: String
  }

  /// Columns between tabs, nothing quoted. Empty lines do not count.
  static func tabs(_ text: String) -> [Record] {
    lines(text).map { line in
      Record(
        columns: line.text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init),
        line: line.number)
    }
  }

  /// Columns between commas. One that begins with `"` ends at the next single `"`, over ends of lines too, and holds
  /// `""` for `"` (RFC 4180). Empty lines do not count.
  static func commas(_ text: String) throws(Problem) -> [Record] {
    var records: [Record] = []
    var columns: [String] = []
    var scalars = text.unicodeScalars[...]
    var line = 1
    var start = 1
    while !scalars.isEmpty {
      var column = ""
      if scalars.first == "\"" {
        scalars.removeFirst()
        let opened = line
        while true {
          guard column.utf8.count <= WholeFile.longestLine else {
            throw Problem(
              line: opened, text: "a quoted column of more than \(WholeFile.longestLine >> 20) MB begins here"
            )
          }
          guard let next = scalars.popFirst() else {
            throw Problem(line: opened, text: "a quoted column that never ends begins here")
          }
          if next == "\n" { line += 1 }
          if next != "\"" {
            column.unicodeScalars.append(next)
          } else if scalars.first == "\"" {
            column.unicodeScalars.append(scalars.removeFirst())
          } else {
            break
          }
        }
        if scalars.starts(with: "\r\n".unicodeScalars) { scalars.removeFirst() }
        if let next = scalars.first, next != ",", next != "\n" {
          throw Problem(line: line, text: "there is text after a quoted column")
        }
      } else {
        let end = scalars.firstIndex { $0 == "," || $0 == "\n" } ?? scalars.endIndex
        column = String(scalars[..<end])
        scalars = scalars[end...]
        if scalars.first != ",", column.unicodeScalars.last == "\r" { column.unicodeScalars.removeLast() }
      }
      columns.append(column)
      if scalars.popFirst() == "," {
        if !scalars.isEmpty { continue }
        columns.append("")  // the file ends in a comma
      }
      if columns != [""] { records.append(Record(columns: columns, line: start)) }
      columns = []
      line += 1
      start = line
    }
    return records
  }

  /// The lines that are not empty, and their numbers. A line ends at a line feed, with a carriage return before it or
  /// without, and at nothing else: Unicode has more separators, which texts may hold.
  static func lines(_ text: String) -> [(text: String, number: Int)] {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .compactMap { index, line in
        let line = line.last == "\r" ? line.dropLast() : line
        return line.allSatisfy(\.properties.isWhitespace) ? nil : (String(line), index + 1)
      }
  }
}
