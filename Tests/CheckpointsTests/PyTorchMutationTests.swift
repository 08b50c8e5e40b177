import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

private typealias S = PyTorchSamples

/// Files changed at random: each is read, every tensor of it too, or ends in one error.
@Suite struct PyTorchMutationTests {
  /// One file, written in place again and again: thousands of new ones would wait for the disk.
  private struct Scratch {
    let folder: TemporaryFolder
    let url: URL
    let handle: FileHandle

    init() throws {
      folder = try TemporaryFolder()
      url = try folder.write(Data(), to: "t.bin")
      handle = try FileHandle(forWritingTo: url)
    }

    func write(_ bytes: Data) throws {
      try handle.truncate(atOffset: UInt64(bytes.count))
      try handle.seek(toOffset: 0)
      try handle.write(contentsOf: bytes)
    }
  }

  /// Reads all that can be read; false when the file is refused.
  private func reads(_ bytes: Data, _ scratch: Scratch) throws -> Bool {
    try scratch.write(bytes)
    guard let file = try? PyTorchFile(scratch.url) else { return false }
    for entry in file.entries {
      let count = file.withBytes(entry) { bytes in bytes.reduce(0) { $0 + Int($1 | 1) / Int($1 | 1) } }
      #expect(count == entry.shape.reduce(1, *) * (entry.type?.bits ?? 0) / 8)
    }
    return true
  }

  /// One to four bytes of the whole file; PyTorch's checksum of the pickle stands in the way of most.
  @Test(arguments: ["module", "views", "rewritten", "unchecked"])
  func ofTheFile(_ name: String) throws {
    let sound = try Data(contentsOf: Fixtures.folder.appending(path: "pytorch/\(name).bin"))
    var stream = RandomStream(seed: 1, name: name)
    let scratch = try Scratch()
    var readable = 0
    for _ in 0..<5000 {
      var bytes = sound
      for _ in 0...stream.next() % 4 {
        bytes[Int(stream.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: stream.next())
      }
      if try reads(bytes, scratch) { readable += 1 }
    }
    #expect(readable > 0 && readable < 5000)  // both happen
  }

  /// Changes of the pickle alone, in a container that is sound and states no checksum: bytes changed, taken
  /// out, put in, and runs copied.
  @Test(arguments: 0..<4)
  func ofThePickle(_ seed: UInt64) throws {
    var stream = RandomStream(seed: seed, name: "pickle")
    func below(_ bound: Int) -> Int { Int(stream.next() % UInt64(bound)) }
    let state = S.dictionary([
      ("a", S.tensor()), ("b", S.tensor(offset: 1, [2, 2], [1, 2])),
      ("c", S.tensor([12], [1], in: S.storage("HalfStorage", count: 12))),
    ])
    let sound = S.pickle(
      S.dictionary([("epoch", [0x4B, 3]), ("model", state + S.dictionary([("_metadata", [0x7D])]) + [0x62])]))
    let scratch = try Scratch()
    var readable = 0
    for _ in 0..<5000 {
      var pickle = sound
      for _ in 0...below(3) {
        let place = below(pickle.count)
        switch below(4) {
        case 0: pickle[place] = UInt8(below(256))
        case 1: pickle.remove(at: place)
        case 2: pickle.insert(sound[below(sound.count)], at: place)
        default:
          let start = below(sound.count)
          pickle.insert(contentsOf: sound[start..<min(sound.count, start + below(40))], at: place)
        }
      }
      if try reads(S.zip(S.entries(pickle)), scratch) { readable += 1 }
    }
    #expect(readable > 0 && readable < 5000)
  }
}
