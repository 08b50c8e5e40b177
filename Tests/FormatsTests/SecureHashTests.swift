import CKernels
import Formats
import Foundation
import Testing

/// The standard's test vectors, by every set of kernels that this processor runs, and the sets against each other.
@Suite struct SecureHashTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let sha256: String
    let sha1: String
  }

  /// From NIST's examples for FIPS 180-4; of the empty message, from its test vectors for short messages (SHAVS).
  static let vectors = [
    Vector(
      testDescription: "empty", text: "",
      sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    Vector(
      testDescription: "one block", text: "abc",
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      sha1: "a9993e364706816aba3e25717850c26c9cd0d89d"),
    Vector(
      testDescription: "56 bytes: two blocks",
      text: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      sha256: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      sha1: "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
    Vector(
      testDescription: "112 bytes",
      text: "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      sha256: "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
      sha1: "a49b2446a02c645bf419f995b67091253a04a259"),
    Vector(
      testDescription: "a million", text: String(repeating: "a", count: 1_000_000),
      sha256: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
      sha1: "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
  ]

  static let sets: [String] = ["sha", "portable"].filter { hashes_named($0) != nil }

  @Test(arguments: vectors, sets)
  func standard(_ vector: Vector, _ set: String) throws {
    let data = Data(vector.text.utf8)
    #expect(try hash(data, .sha256, in: [data.count], by: set) == vector.sha256)
    #expect(try hash(data, .sha1, in: [data.count], by: set) == vector.sha1)
    #expect(SecureHash.sha256(data) == vector.sha256)
  }

  /// Every length up to four blocks, whole and in pieces of odd sizes.
  @Test(arguments: sets, [SecureHash.Function.sha256, .sha1])
  func lengthsAndPieces(_ set: String, _ function: SecureHash.Function) throws {
    let bytes = Data((0..<260).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) })
    for count in 0...bytes.count {
      let data = bytes.prefix(count)
      let whole = try hash(data, function, in: [count], by: "portable")
      for pieces in [[count], [1], [3, 61], [63, 1, 65, 0], [64], [7, 128]] {
        #expect(try hash(data, function, in: pieces, by: set) == whole, "\(count) bytes as \(pieces)")
      }
    }
  }

  @Test func moreMayFollow() {
    var hash = SecureHash(.sha256)
    hash.update(Data("ab".utf8))
    #expect(hash.finalize() == SecureHash.sha256(Data("ab".utf8)))
    hash.update(Data("c".utf8))
    #expect(hash.finalize() == Self.vectors[1].sha256)
  }

  /// Pieces of the given sizes, over and over.
  private func hash(
    _ data: Data, _ function: SecureHash.Function, in sizes: [Int], by set: String
  ) throws -> String {
    var hash = SecureHash(function, kernels: try #require(hashes_named(set)).pointee)
    var (rest, index) = (data, 0)
    while !rest.isEmpty {
      let piece = rest.prefix(sizes[index % sizes.count])
      hash.update(piece)
      (rest, index) = (rest.dropFirst(piece.count), index + 1)
    }
    return hash.finalize()
  }
}
