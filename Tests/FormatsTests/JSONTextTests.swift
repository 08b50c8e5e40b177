import Formats
import Foundation
import Testing

@Suite struct JSONTextTests {
  @Test(arguments: [
    "null", "[]", "{}", "true", "-7", "1e-12", "0.1", "1e+20", #""é \"x\" \\ \n \u0001 😀""#,
    #"{"b": [1, 2.5, {"a": []}], "a": {"z": null}, "": false}"#,
  ])
  func comesBack(_ text: String) throws {
    let value = try JSON.parse(Data(text.utf8))
    #expect(try JSON.parse(value.text) == value)
  }

  @Test func looksLikePythons() throws {
    let value: JSON = ["b": ["x", 1], "a": true]
    #expect(
      String(decoding: value.text, as: UTF8.self)
        == "{\n  \"b\": [\n    \"x\",\n    1\n  ],\n  \"a\": true\n}\n")
  }

  @Test func settingKeepsTheOrder() {
    let value: JSON = ["b": 1, "a": 2]
    #expect(value.setting("b", to: 3) == ["b": 3, "a": 2])
    #expect(value.setting("c", to: 3) == ["b": 1, "a": 2, "c": 3])
    #expect(JSON.integer(1).setting("c", to: 3) == 1)
  }
}
