import Checkpoints
import Foundation
import TestSupport
import Testing

private typealias S = PyTorchSamples

/// Pickles that PyTorch would not write, or not often.
@Suite struct PyTorchPickleTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let pickle: [UInt8]
    let expected: String
    init(_ name: String, _ pickle: [UInt8], _ expected: String) {
      (self.name, self.pickle, self.expected) = (name, pickle, expected)
    }
    var testDescription: String { name }
  }

  private func file(_ pickle: [UInt8]) throws -> PyTorchFile {
    let folder = try TemporaryFolder()
    return try PyTorchFile(folder.write(S.zip(S.entries(pickle)), to: "t.bin"))
  }

  private static func of(_ tensor: [UInt8]) -> [UInt8] { S.pickle(S.dictionary([("t", tensor)])) }
  private static func rebuild(_ arguments: [[UInt8]]) -> [UInt8] {
    of(S.call(S.global("torch._utils", "_rebuild_tensor_v2"), arguments))
  }
  private static func many(_ count: Int, _ bytes: [UInt8]) -> [UInt8] {
    [UInt8]([[UInt8]](repeating: bytes, count: count).joined())
  }

  static let broken = [
    Case("nothing", [], "ends early"), Case("no protocol", [0x7D, 0x2E], "protocol"),
    Case("protocol 1", [0x80, 1, 0x7D, 0x2E], "protocol 2 to 5"),
    Case("protocol twice", [0x80, 2, 0x80, 2], "begins twice"),
    Case("no end", [0x80, 2, 0x7D], "ends early"), Case("end of nothing", [0x80, 2, 0x2E], "is not there"),
    Case("two values", S.pickle([0x7D, 0x7D]), "does not end"),
    Case("a mark", S.pickle([0x28]), "is not there"),
    Case("a mark before", S.pickle([0x28, 0x7D]), "does not end"),
    Case("text after the end", S.pickle([0x7D]) + [0], "does not end"),
    Case("a text without end", S.pickle([0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0x61]), "ends early"),
    Case("a global without end", [0x80, 2, 0x63] + Array("os\nsystem".utf8), "ends early"),
    Case("tuple of what is not there", S.pickle([0x7D, 0x86]), "is not there"),
    Case("tuple over a mark", S.pickle([0x7D, 0x28, 0x85]), "is not there (at byte 5)"),
    Case("tuple without a mark", S.pickle([0x74]), "mark"),
    Case("append to nothing", S.pickle([0x4E, 0x61]), "not there"),
    Case("append to a dictionary", S.pickle([0x7D, 0x4E, 0x61]), "no list"),
    Case("items of a list", S.pickle([0x5D, 0x4E, 0x4E, 0x73]), "no dictionary"),
    Case("items over a mark", S.pickle([0x7D, 0x28, 0x4E, 0x4E, 0x73]), "no dictionary"),
    Case("half an item", S.pickle([0x7D, 0x28, 0x4E, 0x75]), "no dictionary"),
    Case("memo of nothing", S.pickle([0x71, 0]), "not there"),
    Case("unknown memo", S.pickle([0x68, 7]), "not stored"),
    Case("reduce of nothing", S.pickle([0x52]), "not there"),
    Case("reduce of a text", S.pickle(S.text("f") + [0x29, 0x52]), "no function"),
    Case("attributes of a list", S.pickle([0x5D, 0x7D, 0x62]), "no dictionary"),
    Case("attributes that are none", S.pickle([0x7D, 0x4E, 0x62]), "no dictionary"),
    Case("global by a number", S.pickle([0x4B, 1, 0x4B, 1, 0x93]), "no text"),
    Case("class instance", S.pickle([0x28] + S.global("os", "system") + [0x6F]), "\"os.system\""),
    Case("old class instance", S.pickle([0x28, 0x69] + Array("os\nsystem\n".utf8)), "0x69"),
    Case("new object", S.pickle(S.global("torch", "FloatStorage") + [0x29, 0x81]), "0x81"),
    Case("extension", S.pickle([0x82, 1]), "0x82"),
    Case("stack global", S.pickle(S.text("builtins") + S.text("eval") + [0x93]), "\"builtins.eval\""),
    Case(
      "a path in the module", S.pickle(S.text("torch._utils") + S.text("x.y") + [0x93]),
      "\"torch._utils.x.y\""),
    Case("a long name", S.pickle(S.global("m", String(repeating: "x", count: 9999))), "xxx\""),
    Case("a line feed in a name", S.pickle(S.text("a\nb") + S.text("c") + [0x93]), #""a\nb.c""#),
    Case("called storage", S.pickle(S.global("torch", "FloatStorage") + [0x29, 0x52]), "unknown here"),
    Case(
      "full dictionary", S.pickle(S.call(S.global("collections", "OrderedDict"), [[0x5D]])), "unknown here"),
  ]

  static let wrong = [
    Case("list", S.pickle([0x5D]), "no dictionary of tensors"),
    Case("empty", S.pickle([0x7D]), "no tensors by name"),
    Case("numbered", S.pickle([0x7D, 0x4B, 1] + S.tensor() + [0x73]), "no tensors by name"),
    Case("in itself", S.pickle([0x7D, 0x71, 0] + S.text("model") + [0x68, 0, 0x73]), "no tensors by name"),
    Case("twice", S.pickle(S.dictionary([("t", S.tensor()), ("t", S.tensor())])), "t: is there twice"),
    Case(
      "look-alikes", S.pickle(S.dictionary([("\u{E9}", S.tensor()), ("e\u{301}", S.tensor())])),
      #"holds the tensors "\u{00E9}" and "e\u{0301}", which differ only"#),
    Case("persistent text", of(S.text("storage") + [0x51]), "no storage"),
    Case(
      "persistent module", of(S.tuple([S.text("module"), [0x4E], [0x4E], [0x4E], [0x4E]]) + [0x51]),
      "no storage"),
    Case("negative storage", of(S.storage(count: -1)), "unknown here"),
    Case("no such storage", of(S.tensor(in: S.storage(key: "1"))), #""m/data/1", which is not there"#),
    Case("path", of(S.tensor(in: S.storage(key: "../version"))), "is not there"),
    Case(
      "short storage", of(S.tensor(in: S.storage(count: 7))), "of 24 bytes where 7 elements of F32 need 28"),
    Case("long storage", of(S.tensor(in: S.storage(count: 5))), "of 24 bytes"),
    Case("huge storage", of(S.tensor(in: S.storage(count: .max))), "too large"),
    Case("unknown storage", of(S.storage("QInt8Storage")), "\"torch.QInt8Storage\""),
    Case("few arguments", rebuild([S.storage(), S.integer(0)]), "unknown here"),
    Case(
      "metadata", rebuild([S.storage(), S.integer(0), S.tuple([]), S.tuple([]), [0x89], [0x7D], [0x7D]]),
      "unknown here"),
    Case(
      "no storage", rebuild([[0x4E], S.integer(0), S.tuple([]), S.tuple([]), [0x89], [0x7D]]), "unknown here"),
    Case(
      "shape as a list", rebuild([S.storage(), S.integer(0), [0x5D], S.tuple([]), [0x89], [0x7D]]),
      "unknown here"),
    Case(
      "parameter of nothing",
      of(S.call(S.global("torch._utils", "_rebuild_parameter"), [[0x4E], [0x88], [0x7D]])), "no tensor"),
    Case("negative offset", of(S.tensor(offset: -1)), "unknown here"),
    Case("negative size", of(S.tensor([-2, 3])), "unknown here"),
    Case("negative stride", of(S.tensor([2, 3], [-3, 1])), "unknown here"),
    Case("fewer strides", of(S.tensor([2, 3], [1])), "unknown here"),
    Case("one beyond", of(S.tensor(offset: 1)), "leaves its storage of 6"),
    Case("offset beyond", of(S.tensor(offset: .max)), "leaves its storage"),
    Case("empty beyond", of(S.tensor(offset: 7, [0], [1])), "leaves its storage"),
    Case("stride beyond", of(S.tensor([2, 3], [4, 1])), "leaves its storage"),
    Case("shape overflow", of(S.tensor([.max, 3])), "too large"),
    Case("bytes overflow", of(S.tensor([.max / 2], [1])), "too large"),
    Case("overflow that a zero would hide", of(S.tensor([1 << 62, 16, 0], [0, 0, 0])), "too large"),
    Case("stride overflow", of(S.tensor([3, 3], [.max, 1])), "leaves its storage"),
    Case("strides' sum overflows", of(S.tensor([2, 2], [.max, .max])), "leaves its storage"),
    Case("last element overflows", of(S.tensor([2], [.max])), "leaves its storage"),
  ]

  /// Deep, large or tangled: each ends, and soon.
  static let attacks = [
    Case("a million tuples deep", S.pickle([0x4E] + many(1_000_000, [0x85])), "no dictionary"),
    Case("a million marks", S.pickle(many(1_000_000, [0x28])), "not there"),
    Case(
      "a million dictionaries deep",
      S.pickle(many(1_000_000, [0x7D] + S.text("a")) + [0x7D] + many(1_000_000, [0x73])), "by name"),
    Case(
      "doubled 64 times", S.pickle([0x4E] + (0..<64).flatMap { [0x71, UInt8($0), 0x68, UInt8($0), 0x86] }),
      "no dictionary"),
    Case("memos without end", S.pickle([0x7D] + many(5_000_000, [0x94])), "keeps more than"),
    Case("values without end", S.pickle(many(5_000_000, [0x4E])), "keeps more than"),
    Case("tuples without end", S.pickle(many(5_000_000, [0x4E, 0x85])), "keeps more than"),
    Case("a far memo", S.pickle([0x7D, 0x72, 0xFF, 0xFF, 0xFF, 0xFF]), "no tensors"),
    Case("a long text without bytes", S.pickle([0x58, 0xFF, 0xFF, 0xFF, 0x7F]), "ends early"),
    Case("a long frame", S.pickle([0x95] + many(8, [0xFF]) + [0x7D]), "no tensors"),
  ]

  @Test(arguments: broken + wrong + attacks)
  func refuses(_ damaged: Case) throws {
    let error = try #require(throws: CheckpointError.self) { try file(damaged.pickle) }
    #expect(error.description.contains(damaged.expected), "\(error)")
    #expect(error.hint != nil && error.description.count < 1000)
  }

  static let sound = [
    Case("a tensor", of(S.tensor()), "[2, 3] 0+24"),
    Case("part", of(S.tensor(offset: 3, [3], [1])), "[3] 12+12"),
    Case("scalar", of(S.tensor(offset: 5, [], [])), "[] 20+4"),
    Case("empty", of(S.tensor(offset: 6, [0, 9], [9, 1])), "[0, 9] 24+0"),
    Case("stride of one size", of(S.tensor([1, 6], [.max, 1])), "[1, 6] 0+24"),
    Case("column", of(S.tensor(offset: 1, [2, 1], [3, .max])), "[2, 1] 4+16"),
    Case(
      "eight dimensions", of(S.tensor([1, 1, 1, 2, 1, 1, 3, 1], [6, 6, 6, 3, 3, 3, 1, 1])),
      "[1, 1, 1, 2, 1, 1, 3, 1] 0+24"),
    Case(
      "untyped",
      of(
        S.tensor(
          [24], [1], in: S.storage("UntypedStorage", module: "torch.storage", count: 24))), "[24] 0+24"),
    Case("set one by one", S.pickle([0x7D] + S.text("t") + S.tensor() + [0x73]), "[2, 3] 0+24"),
    Case(
      "longs of all sizes",
      S.pickle(
        S.dictionary([
          ("n", [0x8A, 0]), ("o", [0x8A, 1, 0xFF]), ("p", [0x8A, 9] + many(9, [1])), ("t", S.tensor()),
        ])), "[2, 3] 0+24"),
    Case(
      "the inner one",
      S.pickle(S.dictionary([("x", S.tensor()), ("model", S.dictionary([("t", S.tensor([1], [1]))]))])),
      "[1] 0+4"),
    Case("a tensor named model", S.pickle(S.dictionary([("model", S.tensor())])), "[2, 3] 0+24"),
  ]

  @Test(arguments: sound)
  func accepts(_ sound: Case) throws {
    let file = try file(sound.pickle)
    let entry = try #require(file.entries.first)
    let start = file.file.withBytes { Data($0) }.range(of: Data((0..<24).map { UInt8($0) }))?.lowerBound ?? 0
    #expect("\(entry.shape) \(entry.range.lowerBound - start)+\(entry.range.count)" == sound.expected)
    #expect(file.entries.count == 1)
  }
}
