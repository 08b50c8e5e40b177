import Formats
import Foundation
import Tensors

extension PyTorchFile {
  /// The bytes of a file that holds one tensor of F32, (rows, columns), as `torch.save(tensor, …)` writes it: `torch.load` with
  /// `weights_only=True` reads it.
  package static func serialize(_ matrix: Matrix) -> Data {
    let content = UnsafeBufferPointer(start: matrix.pointer, count: matrix.count)
    var zip = ZipWriter()
    zip.add("archive/data.pkl", pickle(matrix))
    zip.add("archive/byteorder", Data("little".utf8))
    zip.add("archive/data/0", Data(buffer: content))
    zip.add("archive/version", Data("3\n".utf8))
    return zip.bytes
  }

  /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`, whose storage is
  /// `("storage", FloatStorage, "0", "cpu", number of elements)`, in protocol 2: PyTorch's pickle without the memory of values
  /// that are not used again.
  private static func pickle(_ matrix: Matrix) -> Data {
    func code(_ code: PickleOpcode) -> Data { Data([code.rawValue]) }
    func global(_ module: String, _ name: String) -> Data {
      code(.global) + Data("\(module)\n\(name)\n".utf8)
    }
    func text(_ text: String) -> Data {
      code(.binUnicode) + UInt32(text.utf8.count).littleEndianBytes + Data(text.utf8)
    }
    func integer(_ value: Int) -> Data {
      if let value = UInt8(exactly: value) { return code(.binInt1) + value.littleEndianBytes }
      if let value = UInt16(exactly: value) { return code(.binInt2) + value.littleEndianBytes }
      return code(.binInt) + Int32(value).littleEndianBytes
    }
    func pair(_ first: Int, _ second: Int) -> Data { integer(first) + integer(second) + code(.tuple2) }

    var data = code(.proto) + Data([2])
    data += global("torch._utils", "_rebuild_tensor_v2") + code(.mark)
    data += code(.mark) + text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu")
    data += integer(matrix.count) + code(.tuple) + code(.binPersistentID)
    data += integer(0) + pair(matrix.rows, matrix.columns) + pair(matrix.columns, 1) + code(.newFalse)
    data += global("collections", "OrderedDict") + code(.emptyTuple) + code(.reduce)
    return data + code(.tuple) + code(.reduce) + code(.stop)
  }
}
