import Foundation

/// Bytes of safetensors files, well-formed or not, piece by piece.
package enum RawSafetensors {
  /// The header's length (its true one unless `statedLength` says otherwise), the header, the data.
  package static func file(_ header: String, data: [UInt8] = [], statedLength: UInt64? = nil) -> Data {
    file(Data(header.utf8), data: data, statedLength: statedLength)
  }

  package static func file(_ header: Data, data: [UInt8] = [], statedLength: UInt64? = nil) -> Data {
    var bytes = withUnsafeBytes(of: (statedLength ?? UInt64(header.count)).littleEndian) { Data($0) }
    bytes.append(header)
    bytes.append(contentsOf: data)
    return bytes
  }

  /// One tensor's member of the header.
  package static func entry(_ name: String, _ type: String, _ shape: String, _ begin: Int, _ end: Int)
    -> String
  {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
  }

  /// A file of tensors with any element type, one after the other in the order given.
  package static func file(_ tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])]) -> Data {
    var (entries, data): ([String], [UInt8]) = ([], [])
    for tensor in tensors {
      let end = data.count + tensor.bytes.count
      entries.append(entry(tensor.name, tensor.type, "\(tensor.shape)", data.count, end))
      data += tensor.bytes
    }
    return file("{" + entries.joined(separator: ",") + "}", data: data)
  }
}
