import Formats
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct JSONTests {
  struct Valid: Sendable, CustomTestStringConvertible {
    let text: String
    let value: JSON
    init(_ text: String, _ value: JSON) { (self.text, self.value) = (text, value) }
    var testDescription: String { text }
  }

  static let valid: [Valid] = [
    Valid("null", .null), Valid("true", .bool(true)), Valid(" false ", .bool(false)), Valid("0", .integer(0)),
    Valid("-12", .integer(-12)), Valid("9223372036854775807", .integer(.max)),
    Valid("-9223372036854775808", .integer(.min)),
    Valid("9223372036854775808", .number(9_223_372_036_854_775_808)),  // one more than an Int holds
    Valid("1.0", .number(1)), Valid("-0.5e+2", .number(-50)), Valid("1E-3", .number(0.001)),
    Valid("0e0", .number(0)),
    Valid("1e-12", .number(1e-12)), Valid("\"\"", .string("")), Valid("[]", .array([])),
    Valid("{}", .object([])),
    Valid("\t[ 1 ,\r\n 2 ] ", .array([.integer(1), .integer(2)])),
    Valid(#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
    Valid(#""\u0041\u00e9\u20AC\uD83D\uDE00\u0000""#, .string("Aé€😀\0")),
    Valid("\"é€😀\u{7F}\"", .string("é€😀\u{7F}")),
  ]

  /// Names are their bytes.
  @Test func findsMembersByTheirBytes() throws {
    let json = try JSON.parse(Data("{\"\u{E9}\": 1, \"e\u{301}\": 2, \"\u{212A}\": 3}".utf8))
    #expect(json["\u{E9}"]?.int == 1 && json["e\u{301}"]?.int == 2 && json["K"] == nil)
    let changed = json.setting("e\u{301}", to: .integer(5)).removing("\u{E9}")
    #expect(changed["\u{E9}"] == nil && changed["e\u{301}"]?.int == 5 && changed.members?.count == 2)
  }

  @Test(arguments: valid)
  func reads(_ valid: Valid) throws {
    #expect(try JSON.parse(Data(valid.text.utf8)) == valid.value)
  }

  static let objects: [(text: String, keys: [String], values: [JSON])] = [
    (#"{"b":1,"a":2}"#, ["b", "a"], [.integer(1), .integer(2)]),  // order is kept
    (#"{ "" : null , "a b":[ ] }"#, ["", "a b"], [.null, .array([])]),
    (#"{"\u0061":"a","b\n":true}"#, ["a", "b\n"], [.string("a"), .bool(true)]),
    // One letter in one and in two scalars: two keys.
    ("{\"\u{E9}\":1,\"e\u{301}\":2}", ["\u{E9}", "e\u{301}"], [.integer(1), .integer(2)]),
  ]

  @Test(arguments: objects.indices)
  func readsObjects(_ index: Int) throws {
    let (text, keys, values) = Self.objects[index]
    let members = try #require(try JSON.parse(Data(text.utf8)).members)
    #expect(members.map { Array($0.key.utf8) } == keys.map { Array($0.utf8) })
    #expect(members.map(\.value) == values)
  }

  static let invalid: [(text: String, problem: String)] = [
    ("", "ends early"), ("  ", "ends early"), ("nul", "expected null"), ("True", "value was expected"),
    ("1 2", "text after"), ("{} x", "text after"), ("[1]]", "text after"), ("NaN", "value was expected"),
    ("Infinity", "value was expected"), ("-", "malformed number"), ("01", "malformed number"),
    ("-007", "malformed number"), ("1.", "malformed number"), (".5", "value was expected"),
    ("+1", "value was expected"),
    ("1e", "malformed number"), ("1e+", "malformed number"), ("0x10", "text after"),
    ("1e400", "out of range"),
    ("-1e400", "out of range"), (String(repeating: "9", count: 400), "out of range"),
    ("[1,]", "value was expected"),
    ("[,1]", "value was expected"), ("[1 2]", "',' or ']'"), ("[1", "',' or ']'"), ("[", "ends early"),
    ("{", "key was expected"), ("{a:1}", "key was expected"), ("{'a':1}", "key was expected"),
    (#"{"a"}"#, "':' was expected"), (#"{"a":}"#, "value was expected"), (#"{"a":1,}"#, "key was expected"),
    (#"{"a":1"#, "',' or '}'"), (#"{"a":1,"a":1}"#, "twice"), (#"{"a":1,"\u0061":2}"#, "twice"),
    (#"{"x":{"k":1,"j":2,"k":3}}"#, "twice"), (#"""#, "without end"), (#""abc"#, "without end"),
    (#""\"#, "without end"), (#""\x""#, "unknown escape"), (#""\U0041""#, "unknown escape"),
    (#""\u12""#, "four hex"),
    (#""\u12G4""#, "four hex"), (#""\u+123""#, "four hex"), (#""\uD800""#, "surrogate"),
    (#""\uD800x""#, "surrogate"),
    (#""\uD800\n""#, "surrogate"), (#""\uD800\u0041""#, "surrogate"), (#""\uDC00""#, "surrogate"),
    (#""\uD83D\uD83D""#, "surrogate"), ("\"a\nb\"", "control character"),
    ("\"\\n\u{1}\"", "control character"),
    ("\"\u{0}\"", "control character"), ("\u{FEFF}{}", "value was expected"),
    ("// no\n1", "value was expected"),
    ("\u{A0}1", "value was expected"),
  ]

  @Test(arguments: invalid.indices)
  func refuses(_ index: Int) throws {
    let (text, problem) = Self.invalid[index]
    let error = try #require(throws: JSONError.self) { try JSON.parse(Data(text.utf8)) }
    #expect(error.description.contains(problem), "\(text): \(error)")
    #expect(error.offset >= 0 && error.offset <= text.utf8.count)
  }

  @Test(arguments: [
    [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
    [0x22, 0x5C, 0x6E, 0xE9, 0x22],
  ])
  func refusesWhatIsNotUTF8(_ bytes: [UInt8]) throws {
    let error = try #require(throws: JSONError.self) { try JSON.parse(Data(bytes)) }
    #expect(error.description.contains("UTF-8"))
  }

  /// Nesting is refused beyond 128, long before the stack ends; up to there it is read.
  @Test func depth() throws {
    func nested(_ depth: Int, _ open: String, _ close: String) -> Data {
      Data((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
    }
    _ = try JSON.parse(nested(127, "[", "]"))
    for bomb in [nested(128, "[", "]"), nested(100_000, "[", "]"), nested(100_000, #"{"a":"#, "}")] {
      let error = try #require(throws: JSONError.self) { try JSON.parse(bomb) }
      #expect(error.problem.contains("deeper"))
    }
    #expect(throws: JSONError.self) { try JSON.parse(Data(String(repeating: "[", count: 1_000_000).utf8)) }
  }

  /// Whatever Foundation writes is read back the same.
  @Test func stringsComeBack() throws {
    var stream = RandomStream(seed: 1, name: "json")
    for _ in 0..<300 {
      let scalars = (0..<Int.random(in: 0...40, using: &stream)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...(Bool.random(using: &stream) ? 0x7F : 0x10FFFF), using: &stream))
      }
      let text = String(String.UnicodeScalarView(scalars))
      let data = try JSONSerialization.data(withJSONObject: [text])
      let read = try JSON.parse(data).array?.first?.string
      #expect(read.map { Array($0.utf8) } == Array(text.utf8))
    }
  }

  @Test func tinyNumbersAreZero() throws {
    #expect(try JSON.parse(Data("1e-400".utf8)) == .number(0))
  }

  @Test func accessors() throws {
    let json = try JSON.parse(Data(#"{"i":3,"d":2.5,"s":"x","b":true,"n":null,"a":[1]}"#.utf8))
    #expect(
      json["i"]?.int == 3 && json["i"]?.double == 3 && json["d"]?.double == 2.5 && json["d"]?.int == nil)
    #expect(json["s"]?.string == "x" && json["b"]?.bool == true && json["n"]?.isNull == true)
    #expect(json["a"]?.array?.count == 1 && json["missing"] == nil && json["s"]?["s"] == nil)
    #expect(json.members?.map(\.key) == ["i", "d", "s", "b", "n", "a"])
  }
}
