import Formats
import Foundation

/// The header of a safetensors file, checked by the rules of the reference reader
/// (huggingface/safetensors, `safetensors/src/tensor.rs`), in its order.
package struct SafetensorsHeader: Sendable {
  package struct Entry: Sendable {
    package let name: String
    /// The element type's name as written, and what it is when it is one we know.
    package let typeName: String
    package let type: TensorType?
    package let shape: [Int]
    /// Bytes, counted from the end of the header.
    package let range: Range<Int>
  }

  package let entries: [Entry]
  package let metadata: [String: String]
  /// Where the tensors' bytes begin in the file.
  package let dataOffset: Int

  static let lengthLimit = 100_000_000

  /// How many bytes at the start of a file its header takes, by the first eight of them; nil where they are fewer or say
  /// more than the format allows.
  package static func length(_ bytes: Data) -> Int? {
    guard bytes.count >= 8 else { return nil }
    let stated = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    return Int(exactly: stated).flatMap { $0 <= lengthLimit ? 8 + $0 : nil }
  }

  /// Reads and checks the header at the start of `bytes`.
  /// - Parameter fileLength: the size of the file, where `bytes` is only its beginning
  package init(
    _ bytes: UnsafeRawBufferPointer, fileLength: Int? = nil, file: URL
  ) throws(CheckpointError) {
    func failure(_ problem: String, _ item: String? = nil) -> CheckpointError {
      CheckpointError(file: file, item: item, problem, hint: "The file is damaged or no safetensors file")
    }
    guard bytes.count >= 8 else { throw failure("is too short for a header (\(bytes.count) bytes)") }
    let stated = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard let length = Int(exactly: stated), length <= Self.lengthLimit else {
      throw failure("states a header of \(stated) bytes, more than \(Self.lengthLimit)")
    }
    guard length <= bytes.count - 8 else {
      throw failure("states a header of \(length) bytes but holds \(bytes.count - 8) after its length")
    }
    let root: JSON
    do {
      root = try JSON.parse(Data(bytes[8..<8 + length]))
    } catch {
      throw failure("header: \(error)")
    }
    guard let members = root.members else { throw failure("header is not a JSON object") }
    dataOffset = 8 + length
    metadata = try Self.metadata(root["__metadata__"], failure)
    var entries: [Entry] = []
    for member in members where member.key != "__metadata__" {
      entries.append(try Self.entry(member, failure))
    }
    if let pair = LookAlikes.first(among: entries.lazy.map(\.name)) {
      throw failure("holds the tensors \(pair)")
    }
    try Self.checkLayout(entries, dataLength: (fileLength ?? bytes.count) - dataOffset, failure)
    self.entries = entries
  }

  /// The header of a file that holds these tensors, one after the other, laid out as the reference writer does: padded
  /// with spaces to a multiple of 8. Its length comes first.
  package static func serialize(
    _ tensors: [(name: String, typeName: String, shape: [Int], byteCount: Int)], metadata: [String: String]
  ) -> Data {
    var header: [String: Any] = ["__metadata__": metadata]
    var end = 0
    for tensor in tensors {
      header[tensor.name] = [
        "dtype": tensor.typeName, "shape": tensor.shape, "data_offsets": [end, end + tensor.byteCount],
      ]
      end += tensor.byteCount
    }
    // Strings and integers only: JSONSerialization cannot refuse them.
    var json =
      (try? JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes]))
      ?? Data()
    json.append(contentsOf: repeatElement(0x20, count: (8 - json.count % 8) % 8))
    return UInt64(json.count).littleEndianBytes + json
  }

  private typealias Failure = (_ problem: String, _ item: String?) -> CheckpointError

  private static func metadata(_ json: JSON?, _ failure: Failure) throws(CheckpointError) -> [String: String]
  {
    var metadata: [String: String] = [:]
    guard let json else { return metadata }
    guard let members = json.members else { throw failure("is not an object", "__metadata__") }
    if let pair = LookAlikes.first(among: members.lazy.map(\.key)) {
      throw failure("has the keys \(pair)", "__metadata__")
    }
    for member in members {
      guard let text = member.value.string else {
        throw failure("\(member.key) is not a string", "__metadata__")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func entry(_ member: JSON.Member, _ failure: Failure) throws(CheckpointError) -> Entry {
    let name = member.key
    guard let fields = member.value.members else { throw failure("is not an object", name) }
    for field in fields where !["dtype", "shape", "data_offsets"].contains(field.key) {
      throw failure("unknown field \(field.key)", name)
    }
    guard let typeName = member.value["dtype"]?.string else { throw failure("dtype is missing", name) }
    guard let shape = naturals(member.value["shape"]) else {
      throw failure("shape is not a list of sizes", name)
    }
    guard let offsets = naturals(member.value["data_offsets"]), offsets.count == 2 else {
      throw failure("data_offsets is not a pair of offsets", name)
    }
    guard offsets[0] <= offsets[1] else {
      throw failure("data_offsets \(offsets[0]), \(offsets[1]) end before they begin", name)
    }
    return Entry(
      name: name, typeName: typeName, type: TensorType(safetensors: typeName), shape: shape,
      range: offsets[0]..<offsets[1])
  }

  private static func naturals(_ json: JSON?) -> [Int]? {
    guard let array = json?.array else { return nil }
    let values = array.compactMap(\.int)
    return values.count == array.count && values.allSatisfy { $0 >= 0 } ? values : nil
  }

  /// No hole, no overlap, every size as its shape says, and the last tensor ends where the file does.
  private static func checkLayout(
    _ entries: [Entry], dataLength: Int, _ failure: Failure
  ) throws(CheckpointError) {
    var end = 0
    let ordered = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for entry in ordered {
      guard entry.range.lowerBound == end else {
        throw failure("begins at byte \(entry.range.lowerBound) of the data, not at \(end)", entry.name)
      }
      end = entry.range.upperBound
      guard let type = entry.type else { continue }  // unknown types: only their place can be checked
      var bits = type.bits
      for size in entry.shape {
        let (product, overflow) = bits.multipliedReportingOverflow(by: size)
        guard !overflow else { throw failure("shape \(entry.shape) is too large", entry.name) }
        bits = product
      }
      guard bits % 8 == 0 else { throw failure("does not fill whole bytes", entry.name) }
      guard entry.range.count == bits / 8 else {
        throw failure(
          "holds \(entry.range.count) bytes where \(entry.typeName) \(entry.shape) needs \(bits / 8)",
          entry.name)
      }
    }
    guard end == dataLength else {
      throw failure("holds \(dataLength) bytes of tensors where the header describes \(end)", nil)
    }
  }
}
