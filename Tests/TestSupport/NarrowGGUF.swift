import Formats
import Foundation

/// Makes models smaller for tests of what is not Float32.
package enum NarrowGGUF {
  /// A GGUF file with its F32 matrices cut to BF16.
  package static func bytes(_ url: URL) throws -> Data {
    let bytes = try Data(contentsOf: url)
    let tensors = try bytes.withUnsafeBytes { try GGUFHeader($0, file: url) }.tensors
    guard var head = tensors.map(\.range.lowerBound).min().map({ bytes.prefix($0) }) else { return bytes }
    var data = Data()
    for tensor in tensors.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      while data.count % 32 != 0 { data.append(0) }
      let place = RawGGUF.integer(UInt64(data.count))
      let values = bytes[tensor.range]
      let isCut = tensor.shape.count == 2 && tensor.type.name == "F32"
      if isCut {
        for start in stride(from: values.startIndex, to: values.endIndex, by: 4) {
          data += values[start + 2..<start + 4]
        }
      } else {
        data += values
      }
      // Behind the name stand the number of sizes, the sizes, the type and the place.
      let name = RawGGUF.string(tensor.name) + RawGGUF.integer(UInt32(tensor.shape.count))
      guard let found = head.range(of: name) else { continue }
      let type = found.upperBound + 8 * tensor.shape.count
      if isCut { head.replaceSubrange(type..<type + 4, with: RawGGUF.integer(UInt32(30))) }
      head.replaceSubrange(type + 4..<type + 12, with: place)
    }
    return head + data
  }
}
