import Foundation
import LanguageModels
import PromptTransfer
import TestSupport
import Testing

@Suite struct LearningRateTests {
  @Test(arguments: [
    ("0.003", LearningRate.absolute(0.003), "0.003"), ("0.04sd", .deviations(0.04), "\"0.04sd\""),
    ("1e-3", .absolute(1e-3), "0.001"), ("2sd", .deviations(2), "\"2.0sd\""),
  ])
  func isReadAndWritten(_ text: String, _ rate: LearningRate, _ json: String) throws {
    #expect(LearningRate(text) == rate)
    #expect(String(decoding: try JSONEncoder().encode([rate]), as: UTF8.self) == "[\(json)]")
    #expect(try JSONDecoder().decode([LearningRate].self, from: Data("[\(json)]".utf8)) == [rate])
  }

  @Test(arguments: ["", "sd", "0", "-1", "nan", "inf", "0sd", "-1sd", "0.04 sd", "0.04SD", "fast", "1e99"])
  func refuses(_ text: String) {
    #expect(LearningRate(text) == nil)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([LearningRate].self, from: Data("[\"\(text)\"]".utf8))
    }
  }

  /// In deviations of the table: a step is as long whatever the table is scaled by.
  @Test func followsTheTable() throws {
    let table = try LanguageModel(folder: ZooFixture.folder("bert-tiny")).space.table
    #expect(LearningRate.absolute(0.003).value(table) == 0.003)
    let deviation = table.moments().deviation
    #expect(abs(deviation - 0.088972) < 1e-5)
    #expect(LearningRate.deviations(0.5).value(table) == 0.5 * Float(deviation))
  }
}
