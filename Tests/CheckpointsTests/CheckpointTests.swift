import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("{}", to: "config.json")
  }

  private func write(_ tensors: [String: Matrix], to name: String) throws {
    try folder.write(SafetensorsFile.serialize(tensors, metadata: [:]), to: name)
  }

  private func writeIndex(_ weightMap: String) throws {
    try folder.write(
      #"{"metadata":{"total_size":1},"weight_map":\#(weightMap)}"#, to: "model.safetensors.index.json")
  }

  private func error() throws -> CheckpointError {
    try #require(throws: CheckpointError.self) { try Checkpoint(folder: folder.url) }
  }

  static let one = Matrix(rows: 1, columns: 2, [1, 2])
  static let two = Matrix(rows: 2, columns: 1, [3, 4])

  @Test func oneFile() throws {
    try write(["b": Self.two, "a": Self.one], to: "model.safetensors")
    try writeIndex(#"{"a":"missing.safetensors"}"#)  // not looked at: the one file is there
    let checkpoint = try Checkpoint(folder: folder.url)
    #expect(checkpoint.tensorNames == ["a", "b"])
    #expect(checkpoint.shape("b") == [2, 1] && checkpoint.shape("c") == nil)
    #expect(try checkpoint.stored("c") == nil)
    #expect(try checkpoint.matrix("b", rows: 2, columns: 1) == Self.two)
  }

  @Test func shards() throws {
    // The second shard holds an "a" too: the index decides whose is meant.
    try write(["a": Self.one, "stray": Self.one], to: "1.safetensors")
    try write(["a": Self.two, "b": Self.two], to: "2.safetensors")
    try writeIndex(#"{"b":"2.safetensors","a":"1.safetensors"}"#)
    let checkpoint = try Checkpoint(folder: folder.url)
    #expect(checkpoint.tensorNames == ["a", "b", "stray"])
    #expect(try checkpoint.matrix("a", rows: 1, columns: 2) == Self.one)
    #expect(try checkpoint.matrix("b", rows: 2, columns: 1) == Self.two)
  }

  @Test(
    arguments: [
      (#"{"a":"../1.safetensors"}"#, "a", "names no file of this folder"),
      (#"{"a":"/etc/passwd"}"#, "a", "names no file of this folder"),
      (#"{"a":"sub/1.safetensors"}"#, "a", "names no file of this folder"),
      (#"{"a":"..\\1.safetensors"}"#, "a", "names no file of this folder"),
      (#"{"a":".."}"#, "a", "names no file of this folder"),
      (#"{"a":""}"#, "a", "names no file of this folder"),
      (#"{"a":7}"#, "a", "names no file of this folder"), (#"{"a":"."}"#, nil, "not a regular file"),
      (#"{"a":"3.safetensors"}"#, nil, "is not there"),
      ("{}", "weight_map", "is missing or empty"), ("[]", "weight_map", "is missing or empty"),
      ("nul", nil, "invalid JSON"),
    ] as [(String, String?, String)])
  func badIndices(_ weightMap: String, _ item: String?, _ problem: String) throws {
    try write(["a": Self.one], to: "1.safetensors")
    try write(["b": Self.two], to: "2.safetensors")
    try writeIndex(weightMap)
    let error = try error()
    #expect(error.item == item && error.problem.contains(problem), "\(error)")
  }

  /// An index may list what is stored under another name, and leave out what is stored: an error is only what is asked for.
  @Test func whatShardsHoldCounts() throws {
    try write(["a": Self.one, "left": Self.two], to: "1.safetensors")
    try writeIndex(#"{"a":"1.safetensors","c":"1.safetensors"}"#)
    let checkpoint = try Checkpoint(folder: folder.url)
    #expect(checkpoint.tensorNames == ["a", "left"])
    #expect(try checkpoint.matrix("left", rows: 2, columns: 1) == Self.two)
    let error = try #require(throws: CheckpointError.self) { try checkpoint.matrix("c", rows: 1, columns: 1) }
    #expect(error.item == "c" && error.problem == "is said to be in 1.safetensors, which does not hold it")
    #expect(error.file.hasSuffix("model.safetensors.index.json"))
  }

  @Test func noWeightMap() throws {
    try folder.write("{}", to: "model.safetensors.index.json")
    #expect(try error().item == "weight_map")
  }

  @Test func noWeights() throws {
    let error = try error()
    #expect(error.problem.contains("neither") && error.hint?.contains("save_pretrained") == true)
  }

  @Test(arguments: [("", "ends early"), ("{", "key was expected")])
  func badConfigurations(_ text: String, _ problem: String) throws {
    try write(["a": Self.one], to: "model.safetensors")
    try folder.write(text, to: "config.json")
    let error = try error()
    #expect(error.problem.contains(problem) && error.file.hasSuffix("config.json"))
  }

  @Test func noConfiguration() throws {
    try FileManager.default.removeItem(at: folder.url.appending(path: "config.json"))
    #expect(try error().description.contains("config.json: is not there"))
  }

  @Test func damagedWeights() throws {
    try folder.write(Data([1, 2, 3]), to: "model.safetensors")
    #expect(try error().file.hasSuffix("model.safetensors"))
  }

  @Test func missingTensorsAndOtherShapes() throws {
    let vector = RawSafetensors.file([("v", "F32", [2], [UInt8](repeating: 0, count: 8))])
    try folder.write(vector, to: "model.safetensors")
    let checkpoint = try Checkpoint(folder: folder.url)
    #expect(try checkpoint.matrix("v", rows: 1, columns: 2).count == 2)
    let missing = try #require(throws: CheckpointError.self) {
      try checkpoint.matrix("w", rows: 1, columns: 2)
    }
    #expect(missing.item == "w" && missing.problem.contains("is not in the checkpoint"))
    for (rows, columns, wanted) in [(2, 1, "[2, 1]"), (1, 3, "[3]"), (0, 2, "[0, 2]")] {
      let error = try #require(throws: CheckpointError.self) {
        try checkpoint.matrix("v", rows: rows, columns: columns)
      }
      #expect(error.item == "v" && error.problem.contains("has shape [2]") && error.problem.contains(wanted))
    }
  }

  @Test func errorsReadAsOneSentence() {
    let url = URL(filePath: "/m/model.safetensors")
    let full = CheckpointError(file: url, item: "w", "is bad", hint: "Mend it")
    #expect("\(full)" == "/m/model.safetensors: w: is bad. Mend it" && full.localizedDescription == "\(full)")
    #expect("\(CheckpointError(file: url, "is bad"))" == "/m/model.safetensors: is bad")
  }
}
