import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// Files that PyTorch wrote, against the values that went in (`scripts/goldens/pytorch.py`).
@Suite struct PyTorchFileTests {
  static let folder = Fixtures.folder.appending(path: "pytorch")
  static let sound = [
    "module", "types", "views", "parameters", "frozen", "nested", "model", "protocol4", "unchecked", "many",
    "rewritten",
  ]

  let golden: JSON
  let values: SafetensorsFile
  let valueBytes: MappedFile

  init() throws {
    golden = try Fixtures.json(Self.folder.appending(path: "golden.json"))
    values = try SafetensorsFile(Self.folder.appending(path: "values.safetensors"))
    valueBytes = try MappedFile(values.url)
  }

  private func bytes(_ entry: SafetensorsHeader.Entry) -> [UInt8] {
    valueBytes.withBytes { bytes in
      let start = values.header.dataOffset
      return Array(bytes[start + entry.range.lowerBound..<start + entry.range.upperBound])
    }
  }

  @Test(arguments: sound)
  func reads(_ name: String) throws {
    let file = try PyTorchFile(Self.folder.appending(path: "\(name).bin"))
    let expected = values.header.entries.filter { $0.name.hasPrefix("\(name):") }
    #expect(!expected.isEmpty && expected.count == file.entries.count)
    for value in expected {
      let entry = try #require(file.entry(String(value.name.dropFirst(name.count + 1))))
      #expect(entry.type == value.type && entry.typeName == value.typeName)
      #expect(entry.shape == value.shape, "\(value.name)")
      #expect(file.withBytes(entry) { Array($0) } == bytes(value), "\(value.name)")
    }
  }

  @Test(arguments: sound)
  func floatsBecomeMatrices(_ name: String) throws {
    let file = try PyTorchFile(Self.folder.appending(path: "\(name).bin"))
    for entry in file.entries {
      let columns = entry.shape.last ?? 1
      let rows = entry.shape.dropLast().reduce(1, *)
      let value = try #require(values.entry("\(name):\(entry.name)"))
      guard [.float32, .float16, .bfloat16].contains(entry.type) else {
        let error = try #require(throws: CheckpointError.self) {
          try file.matrix(entry, rows: rows, columns: columns)
        }
        #expect(error.item == entry.name && error.problem.contains(entry.typeName))
        continue
      }
      let matrix = try file.matrix(entry, rows: rows, columns: columns)
      #expect(matrix == (try values.matrix(value, rows: rows, columns: columns)), "\(entry.name)")
    }
  }

  @Test(arguments: sound)
  func knowsWhatLiesInOnePiece(_ name: String) throws {
    let file = try PyTorchFile(Self.folder.appending(path: "\(name).bin"))
    let contiguous = try #require(golden["contiguous"]?[name]?.array).compactMap(\.string)
    #expect(file.entries.filter { file.isContiguous($0) }.map(\.name).sorted() == contiguous)
    for entry in file.entries where file.isContiguous(entry) {
      #expect(entry.range.count == entry.shape.reduce(1, *) * (entry.type?.bits ?? 0) / 8)
    }
  }

  /// PyTorch keeps the order of the state dict, and so do the entries.
  @Test func keepsTheOrder() throws {
    let file = try PyTorchFile(Self.folder.appending(path: "module.bin"))
    #expect(file.entries.map(\.name) == ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight"])
  }

  @Test func tiedTensorsLieInOnePlace() throws {
    let file = try PyTorchFile(Self.folder.appending(path: "views.bin"))
    let table = try #require(file.entry("table"))
    #expect(file.entry("tied")?.range == table.range)
    #expect(file.entry("transposed")?.range == table.range)
    let rows = try #require(file.entry("rows"))
    #expect(rows.range == table.range.lowerBound + 32..<table.range.lowerBound + 80)
  }

  /// PyTorch aligns storages, so that F32 is not copied; the file may go while the matrix stays.
  @Test func theFileMayGo() throws {
    func matrix() throws -> Matrix {
      let folder = try TemporaryFolder()
      let file = try PyTorchFile(folder.copy(Self.folder.appending(path: "module.bin")))
      return try file.matrix(#require(file.entry("0.weight")), rows: 5, columns: 3)
    }
    let value = try #require(values.entry("module:0.weight"))
    #expect(try matrix() == values.matrix(value, rows: 5, columns: 3))
  }

  @Test func releasedMemoryIsReadAgain() throws {
    let file = try PyTorchFile(Self.folder.appending(path: "module.bin"))
    let entry = try #require(file.entry("0.weight"))
    let before = file.withBytes(entry) { Array($0) }
    file.release(entry)
    #expect(file.withBytes(entry) { Array($0) } == before)
  }

  static let refused = [
    "command", "command4", "legacy", "whole", "list", "elsewhere", "repeated", "sparse", "float8",
    "dimensions",
    "compressed",
  ]

  @Test(arguments: refused)
  func refuses(_ name: String) throws {
    let url = Self.folder.appending(path: "\(name).bin")
    let error = try #require(throws: CheckpointError.self) { try PyTorchFile(url) }
    for text in try #require(golden["refused"]?[name]?.array).compactMap(\.string) {
      #expect(error.description.contains(text), "\(error)")
    }
    #expect(error.file == url.path && error.hint != nil)
  }

  /// Nothing is left out of the tests above.
  @Test func everyGoldenIsTested() throws {
    #expect(golden["contiguous"]?.members?.map(\.key).sorted() == Self.sound.sorted())
    #expect(golden["refused"]?.members?.map(\.key).sorted() == Self.refused.sorted())
  }

  /// The file asks for `os.system("touch …")`. The request is in it, and no such file comes to be.
  @Test(arguments: ["command", "command4"])
  func runsNothing(_ name: String) throws {
    let marker = try #require(golden["marker"]?.string)
    let url = Self.folder.appending(path: "\(name).bin")
    #expect(try Data(contentsOf: url).range(of: Data("touch \(marker)".utf8)) != nil)
    #expect(throws: CheckpointError.self) { try PyTorchFile(url) }
    #expect(!FileManager.default.fileExists(atPath: marker))
  }

  @Test func otherFilesAreNotZipFiles() throws {
    let folder = try TemporaryFolder()
    for (bytes, problem) in [
      (Data(), "no zip file"), (Data("{}".utf8), "no zip file"),
      (Data(count: 257) + Data("ustar\0".utf8) + Data(count: 300), "before version 1.6"),
    ] {
      let error = try #require(throws: CheckpointError.self) {
        try PyTorchFile(folder.write(bytes, to: "pytorch_model.bin"))
      }
      #expect(error.problem.contains(problem))
    }
    #expect(throws: CheckpointError.self) { try PyTorchFile(folder.url.appending(path: "none.bin")) }
  }
}
