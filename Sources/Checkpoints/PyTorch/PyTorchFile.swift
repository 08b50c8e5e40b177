import Formats
import Foundation

/// A mapped `pytorch_model.bin`: what `torch.save` writes of a state dict since PyTorch 1.6, a zip file
/// with a pickle and one entry a storage (`torch/serialization.py`; `caffe2/serialize/inline_container.cc`).
///
/// Nothing in the file is executed: see `PickleMachine`. Tensors may share storages, be parts of them, and be
/// views with strides; `withBytes` gathers the latter.
package struct PyTorchFile: TensorFile {
  package let url: URL
  package let file: MappedFile
  /// In the order of the state dict; the ranges are absolute.
  package let entries: [SafetensorsHeader.Entry]
  private let strides: [String: [Int]]
  private let places: [String: Int]

  /// Whether the file begins as a zip file does.
  package static func isOne(_ url: URL) -> Bool {
    FileStart.read(url, 4) == ZipArchive.localSignature.littleEndianBytes
  }

  /// Throws `CheckpointError` for anything but a sound file with a dictionary of tensors, at its top or under
  /// "state_dict" or "model", or with a single tensor, which is then called "tensor".
  package init(_ url: URL) throws(CheckpointError) {
    self.url = url
    file = try MappedFile(url)
    let tensors: PickledTensors
    do {
      tensors = try file.withBytes { (bytes) throws(PyTorchProblem) in try Self.tensors(bytes) }
    } catch {
      throw CheckpointError(file: url, item: error.item, error.problem, hint: error.hint)
    }
    (entries, strides) = (tensors.entries, tensors.strides)
    places = Dictionary(entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package func entry(_ name: String) -> SafetensorsHeader.Entry? { places[name].map { entries[$0] } }

  package func place(of entry: SafetensorsHeader.Entry) -> Range<Int> { entry.range }

  package func isContiguous(_ entry: SafetensorsHeader.Entry) -> Bool { strides[entry.name] == nil }

  package func withBytes<Result, Failure: Error>(
    _ entry: SafetensorsHeader.Entry, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try file.withBytes { (bytes) throws(Failure) in
      let stored = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
      guard let strides = strides[entry.name], let type = entry.type else { return try body(stored) }
      let gathered = gather(stored, shape: entry.shape, strides: strides, size: type.bits / 8)
      defer { gathered.deallocate() }
      return try body(UnsafeRawBufferPointer(gathered))
    }
  }

  private static func tensors(_ bytes: UnsafeRawBufferPointer) throws(PyTorchProblem) -> PickledTensors {
    var start = ByteReader(bytes)
    guard start.next() == ZipArchive.localSignature else { throw notZip(bytes) }
    let archive = try ZipArchive(bytes)
    let pickles = archive.entries.keys.filter {
      $0.hasSuffix("/data.pkl") && $0.split(separator: "/").count == 2
    }
    guard let name = pickles.first, pickles.count == 1, let pickle = archive.entries[name] else {
      throw PyTorchProblem("holds \(pickles.count) entries NAME/data.pkl, not one")
    }
    let prefix = String(name.dropLast("data.pkl".count))
    try checkVersion(archive, prefix, bytes)
    let content = UnsafeRawBufferPointer(rebasing: bytes[pickle.range])
    // 0 is written where torch.serialization.set_crc32_options(False) was called.
    guard pickle.checksum == 0 || checksum32(content) == pickle.checksum else {
      throw PyTorchProblem("does not match its checksum", item: name)
    }
    return try PickledTensors(content, in: archive, prefix: prefix)
  }

  private static func checkVersion(
    _ archive: ZipArchive, _ prefix: String, _ bytes: UnsafeRawBufferPointer
  ) throws(PyTorchProblem) {
    func text(_ name: String) -> String? {
      archive.entries[prefix + name].map { String(decoding: bytes[$0.range.prefix(20)], as: UTF8.self) }
    }
    let version = text("version") ?? text(".data/version") ?? ""
    guard let number = Int(version.trimmingCharacters(in: .whitespacesAndNewlines)), (1...10).contains(number)
    else {
      throw PyTorchProblem(
        "states the version \(version.debugDescription) where 1 to 10 are known", item: prefix + "version")
    }
    if let order = text("byteorder"), order != "little" {
      throw PyTorchProblem(
        "states the byte order \(order.debugDescription)", item: prefix + "byteorder",
        hint: "Only little-endian files can be read: convert to safetensors")
    }
  }

  /// Files of before PyTorch 1.6 begin with a pickled magic number; those of before 0.1.10 are tar archives.
  private static func notZip(_ bytes: UnsafeRawBufferPointer) -> PyTorchProblem {
    let pickledMagic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let isPickle = bytes.first == 0x80 && bytes.dropFirst(2).starts(with: pickledMagic)
    guard isPickle || bytes.dropFirst(257).starts(with: "ustar".utf8) else {
      return PyTorchProblem("is no zip file, as PyTorch weights are")
    }
    return PyTorchProblem(
      "is in PyTorch's format of before version 1.6, which is not read",
      hint: "Convert it in Python: torch.save(torch.load(path, weights_only=True), path), or to safetensors")
  }
}

/// The elements, each of `size` bytes, of a view with these strides, row by row. The caller deallocates.
private func gather(
  _ source: UnsafeRawBufferPointer, shape: [Int], strides: [Int], size: Int
) -> UnsafeMutableRawBufferPointer {
  let count = shape.reduce(1, *)
  let target = UnsafeMutableRawBufferPointer.allocate(byteCount: count * size, alignment: 64)
  var index = [Int](repeating: 0, count: shape.count)
  var offset = 0
  for element in 0..<count {
    let place = UnsafeRawBufferPointer(rebasing: source[offset * size..<(offset + 1) * size])
    UnsafeMutableRawBufferPointer(rebasing: target[element * size..<(element + 1) * size]).copyMemory(
      from: place)
    // The next index: the last axis moves fastest. Steps past an end may be of any size, and are taken back.
    for axis in shape.indices.reversed() {
      index[axis] += 1
      offset &+= strides[axis]
      guard index[axis] == shape[axis] else { break }
      offset &-= index[axis] &* strides[axis]
      index[axis] = 0
    }
  }
  return target
}
