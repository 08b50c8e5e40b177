import Foundation

/// What stands before the tensors of a GGUF file: metadata, and each tensor's name, shape, type and place.
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian)
package struct GGUFHeader: Sendable {
  package struct Tensor: Sendable {
    package let name: String
    /// As rows of `shape.last`: the file lists sizes the other way round.
    package let shape: [Int]
    package let type: GGUFTensorType
    /// Bytes of the file.
    package let range: Range<Int>
  }

  package let version: Int
  package let metadata: [String: GGUFValue]
  /// Where each value stands with its type, in the order of the file.
  let fields: [(key: String, place: Range<Int>)]
  package let alignment: Int
  package let tensors: [Tensor]

  static let keyLimit = 65535  // as the format has it
  static let nameLimit = 1024  // the format has 64

  /// Reads and checks the beginning of a file: every count and size fits into it, the tensors lie one after another in some
  /// order without a gap beyond alignment, and the last one ends where the file does.
  /// - Parameter fileLength: the size of the file, where `bytes` is only its beginning
  package init(
    _ bytes: UnsafeRawBufferPointer, fileLength: Int? = nil, file: URL
  ) throws(FileError) {
    var cursor = GGUFCursor(bytes, file: file)
    let magic = try cursor.take(4, "its first four bytes")
    guard bytes[magic].elementsEqual("GGUF".utf8) else { throw cursor.failure("does not begin with GGUF") }
    version = try Self.version(&cursor, file)
    let tensorCount = try cursor.count(of: "tensors", size: 8 + 1 + 4 + 8 + 4 + 8)
    let valueCount = try cursor.count(of: "metadata values", size: 8 + 1 + 4 + 1)
    var metadata: [String: GGUFValue] = [:]
    var fields: [(key: String, place: Range<Int>)] = []
    for index in 0..<valueCount {
      let key = try cursor.string("metadata key \(index + 1)", limit: Self.keyLimit)
      guard !key.isEmpty else { throw cursor.failure("metadata key \(index + 1) is empty") }
      let start = cursor.position
      let value = try cursor.value(try cursor.type(key), key)
      fields.append((key, start..<cursor.position))
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw cursor.failure("is there twice", key)
      }
    }
    (self.metadata, self.fields) = (metadata, fields)
    alignment = try Self.alignment(metadata["general.alignment"], cursor)
    var found: [(tensor: Tensor, offset: Int)] = []
    var names: Set<String> = []
    for index in 0..<tensorCount {
      let entry = try Self.tensor(&cursor, index)
      guard names.insert(entry.tensor.name).inserted else {
        throw cursor.failure("is there twice", entry.tensor.name)
      }
      found.append(entry)
    }
    tensors = try Self.placed(
      found, after: cursor.position, alignment, fileLength: fileLength ?? bytes.count, cursor)
  }

  private static func version(_ cursor: inout GGUFCursor, _ file: URL) throws(FileError) -> Int {
    let version = try cursor.integer(UInt32.self, "its version")
    guard (2...3).contains(version) else {
      let isSwapped = (1...3).contains(version.byteSwapped)
      throw FileError(
        file: file,
        isSwapped ? "is a big-endian GGUF file" : "has version \(version) of GGUF, where 2 and 3 can be read",
        hint: "Convert the model again, with a current llama.cpp on a usual machine")
    }
    return Int(version)
  }

  private static func alignment(
    _ value: GGUFValue?, _ cursor: GGUFCursor
  ) throws(FileError) -> Int {
    guard let value else { return 32 }
    guard let alignment = value.int, alignment > 0, alignment <= 1 << 24,
      alignment & (alignment - 1) == 0
    else { throw cursor.failure("is no power of two", "general.alignment") }
    return alignment
  }

  /// A tensor and its offset from where the first one begins; `range` is of that length only.
  private static func tensor(
    _ cursor: inout GGUFCursor, _ index: Int
  ) throws(FileError) -> (tensor: Tensor, offset: Int) {
    let name = try cursor.string("the name of tensor \(index + 1)", limit: nameLimit)
    guard !name.isEmpty else { throw cursor.failure("tensor \(index + 1) has no name") }
    let rank = try cursor.integer(UInt32.self, "the shape of \(name)")
    guard (1...4).contains(rank) else {
      throw cursor.failure("has \(rank) dimensions, where 1 to 4 are possible", name)
    }
    var sizes: [Int] = []
    for _ in 0..<rank {
      let stated = try cursor.integer(UInt64.self, "the shape of \(name)")
      guard let size = Int(exactly: stated), size > 0 else {
        throw cursor.failure("has a size of \(stated)", name)
      }
      sizes.append(size)
    }
    let number = try cursor.integer(UInt32.self, "the type of \(name)")
    guard let type = GGUFTensorType(number: number) else {
      throw cursor.failure("is of type \(number), which is not known", name)
    }
    let offset = try cursor.integer(UInt64.self, "the place of \(name)")
    guard sizes[0] % type.blockLength == 0 else {
      throw cursor.failure(
        "has rows of \(sizes[0]) elements, no multiple of \(type.name)'s \(type.blockLength)", name)
    }
    var bytes = type.blockBytes
    for size in [sizes[0] / type.blockLength] + sizes.dropFirst() {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      guard !overflow else { throw cursor.failure("shape \(sizes) is too large", name) }
      bytes = product
    }
    guard let offset = Int(exactly: offset), offset <= Int.max - bytes else {
      throw cursor.failure("begins at byte \(offset), outside of any file", name)
    }
    return (Tensor(name: name, shape: sizes.reversed(), type: type, range: 0..<bytes), offset)
  }

  /// The tensors with their places in the file.
  private static func placed(
    _ found: [(tensor: Tensor, offset: Int)], after headerEnd: Int, _ alignment: Int, fileLength: Int,
    _ cursor: GGUFCursor
  ) throws(FileError) -> [Tensor] {
    func aligned(_ position: Int) -> Int? {
      let (sum, overflow) = position.addingReportingOverflow(alignment - 1)
      return overflow ? nil : sum / alignment * alignment
    }
    guard let start = aligned(headerEnd) else { throw cursor.failure("is too large") }
    var next = 0
    var end = 0
    var places: [String: Range<Int>] = [:]
    for (tensor, offset) in found.sorted(by: { $0.offset < $1.offset }) {
      guard offset == next else {
        throw cursor.failure(
          "begins at byte \(offset) of the data, not at \(next)", tensor.name)
      }
      end = offset + tensor.range.count
      guard let following = aligned(end), end <= fileLength - start else {
        throw cursor.failure(
          "ends at byte \(end) of the data, of which the file holds \(max(0, fileLength - start))",
          tensor.name)
      }
      places[tensor.name] = start + offset..<start + end
      next = following
    }
    guard found.isEmpty || fileLength - start == end || fileLength - start == next else {
      throw cursor.failure("holds \(fileLength - start) bytes of tensors where \(next) are described")
    }
    return found.map { entry in
      let tensor = entry.tensor
      return Tensor(
        name: tensor.name, shape: tensor.shape, type: tensor.type, range: places[tensor.name] ?? 0..<0)
    }
  }
}
