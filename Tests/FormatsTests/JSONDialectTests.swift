import Formats
import Foundation
import Testing

/// What Python's `json` reads beyond RFC 8259, checked against `json.loads` of Python 3.12.
@Suite struct JSONDialectTests {
  private func python(_ text: String) throws -> JSON { try JSON.parse(Data(text.utf8), as: .python) }

  @Test func numbersThatAreNotFinite() throws {
    let limits = try python(#"{"time_step_limit": [0.0, Infinity], "a": -Infinity, "b":NaN, "c": 1e400}"#)
    #expect(limits["time_step_limit"] == [.number(0), .number(.infinity)])
    #expect(limits["a"] == .number(-.infinity) && limits["c"] == .number(.infinity))
    #expect(limits["b"]?.double?.isNaN == true)
    #expect(try python("-1") == .integer(-1))
  }

  @Test(arguments: ["Infinit", "+Infinity", "-NaN", "nan", "inf", "-", "-Inf", "[NaN", "Infinity1"])
  func otherSpellingsAreNone(_ text: String) {
    #expect(throws: JSONError.self) { try python(text) }
  }

  @Test(arguments: ["NaN", "Infinity", "-Infinity", "1e400", #"{"a": 1, "a": 2}"#])
  func elsewhereTheyAreRefused(_ text: String) {
    #expect(throws: JSONError.self) { try JSON.parse(Data(text.utf8)) }
  }

  @Test func theLastOfEqualKeysCounts() throws {
    let twice = try python(#"{"a": 1, "b": 2, "a": 3}"#)
    #expect(twice.members?.map(\.key) == ["a", "b"] && twice["a"] == 3)
    let many = (0..<40).map { #""k\#($0 % 20)": \#($0)"# }.joined(separator: ",")
    let members = try #require(try python("{\(many)}").members)
    #expect(members.map(\.value) == (20..<40).map { .integer($0) })
  }

  @Test func theyComeBack() throws {
    let value: JSON = ["a": .number(.infinity), "b": .number(-.infinity)]
    #expect(try JSON.parse(value.text, as: .python) == value)
    #expect(String(decoding: JSON.number(.nan).text, as: UTF8.self) == "NaN\n")
  }
}
