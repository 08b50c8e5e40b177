/// The named tensors of a `data.pkl`, each with its place in the file.
struct PickledTensors {
  /// What a tensor is called that was saved by itself, without a name.
  static let onlyName = "tensor"

  private(set) var entries: [SafetensorsHeader.Entry] = []
  /// Of those whose elements do not lie in one piece, row by row: each dimension's step, in elements.
  private(set) var strides: [String: [Int]] = [:]

  /// More than any model has; it keeps what a tensor costs in memory near what it costs in the pickle.
  static let rankLimit = 8
  /// Views that repeat elements may be larger than their storage only up to this number of elements.
  static let repetitionLimit = 1 << 20

  private let machine: PickleMachine
  private let archive: ZipArchive
  private let prefix: String

  /// - Parameter prefix: What precedes `data.pkl` in the archive's names.
  init(
    _ pickle: UnsafeRawBufferPointer, in archive: ZipArchive, prefix: String
  ) throws(PyTorchProblem) {
    var machine = PickleMachine(pickle)
    let root = try machine.root()
    (self.machine, self.archive, self.prefix) = (machine, archive, prefix)
    if case .tensor(let arguments) = root {
      try add(Self.onlyName, Array(machine.elements[arguments.range]))
      return
    }
    guard case .dictionary(let outer) = root else {
      throw PyTorchProblem(
        "holds something that is no dictionary of tensors",
        hint: "Save with torch.save(model.state_dict(), …)")
    }
    let dictionary = inner("state_dict", of: outer) ?? inner("model", of: outer) ?? outer
    var seen: Set<[UInt8]> = []  // bytes: as Strings, "é" in one and in two scalars would be equal
    for item in machine.items where item.owner == dictionary {
      guard case .tensor(let arguments) = item.value else { continue }
      guard let name = String(validating: machine.bytes(item.key), as: UTF8.self) else {
        throw PyTorchProblem("has a tensor whose name is not UTF-8")
      }
      guard seen.insert(Array(name.utf8)).inserted else { throw PyTorchProblem("is there twice", item: name) }
      try add(name, Array(machine.elements[arguments.range]))
    }
    if let pair = LookAlikes.first(among: entries.lazy.map(\.name)) {
      throw PyTorchProblem("holds the tensors \(pair)")
    }
    guard !entries.isEmpty else {
      throw PyTorchProblem(
        "holds no tensors by name, neither at its top nor in \"state_dict\" or \"model\"",
        hint: "Save with torch.save(model.state_dict(), …)")
    }
  }

  /// The dictionary with that name in another one.
  private func inner(_ key: String, of owner: UInt32) -> UInt32? {
    for item in machine.items where item.owner == owner && machine.bytes(item.key).elementsEqual(key.utf8) {
      if case .dictionary(let dictionary) = item.value { return dictionary }
    }
    return nil
  }

  /// `arguments` are those of `_rebuild_tensor_v2`: storage, offset, shape, strides, requires_grad, hooks.
  private mutating func add(_ name: String, _ arguments: [PickleValue]) throws(PyTorchProblem) {
    guard case .storage(let span) = arguments[0], case .integer(let offset) = arguments[1], offset >= 0,
      let shape = sizes(arguments[2]), let strides = sizes(arguments[3]), shape.count == strides.count
    else {
      throw PyTorchProblem("is described in a way unknown here, or by more than 8 dimensions", item: name)
    }
    let (type, storage, capacity) = try storage(span, of: name)
    let size = type.bits / 8
    guard let count = product(shape), product([count, size]) != nil else {
      throw PyTorchProblem("shape \(shape) is too large", item: name)
    }
    guard let extent = extent(shape, strides), extent <= capacity, offset <= capacity - extent else {
      throw PyTorchProblem(
        "shape \(shape) with strides \(strides) from element \(offset) on leaves its storage of "
          + "\(capacity) elements", item: name)
    }
    if !isContiguous(shape, strides) {
      guard count <= max(capacity, Self.repetitionLimit) else {
        throw PyTorchProblem(
          "repeats the elements of its storage", item: name, hint: "Save a copy: tensor.contiguous()")
      }
      self.strides[name] = strides
    }
    let start = storage.lowerBound + offset * size
    entries.append(
      SafetensorsHeader.Entry(
        name: name, typeName: type.rawValue, type: type, shape: shape, range: start..<start + extent * size))
  }

  /// The storage's element type, bytes and number of elements. `span` was checked by the machine.
  private func storage(
    _ span: PickleSpan, of name: String
  ) throws(PyTorchProblem) -> (TensorType, Range<Int>, count: Int) {
    let fields = Array(machine.elements[span.range])
    guard case .global(.storage(let type)) = fields[1], case .text(let key) = fields[2],
      case .integer(let count) = fields[4], let size = product([count, type.bits / 8])
    else { throw PyTorchProblem("lies in a storage that is too large", item: name) }
    let path = prefix + "data/" + String(decoding: machine.bytes(key), as: UTF8.self)
    guard let range = archive.entries[path]?.range else {
      throw PyTorchProblem("lies in \(path.debugDescription), which is not there", item: name)
    }
    guard range.count == size else {
      throw PyTorchProblem(
        "lies in a storage of \(range.count) bytes where \(count) elements of \(type.rawValue) need \(size)",
        item: name)
    }
    return (type, range, count)
  }

  /// A tuple of natural numbers; nil for anything else and for more than the limit.
  private func sizes(_ value: PickleValue) -> [Int]? {
    guard case .tuple(let span) = value, span.count <= Self.rankLimit else { return nil }
    var sizes: [Int] = []
    for element in machine.elements[span.range] {
      guard case .integer(let size) = element, size >= 0 else { return nil }
      sizes.append(size)
    }
    return sizes
  }

  /// Nil when it, or a product on the way, does not fit.
  private func product(_ factors: [Int]) -> Int? {
    var result = 1
    for factor in factors {
      let (product, overflow) = result.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      result = product
    }
    return result
  }

  /// The number of elements from the first to the last, both included; nil when it does not fit.
  private func extent(_ shape: [Int], _ strides: [Int]) -> Int? {
    if shape.contains(0) { return 0 }
    var last = 0
    for (size, stride) in zip(shape, strides) {
      guard let step = product([size - 1, stride]) else { return nil }
      let (sum, overflow) = last.addingReportingOverflow(step)
      guard !overflow else { return nil }
      last = sum
    }
    let (extent, overflow) = last.addingReportingOverflow(1)
    return overflow ? nil : extent
  }

  /// As PyTorch has it: the strides of dimensions of size 1 do not matter.
  private func isContiguous(_ shape: [Int], _ strides: [Int]) -> Bool {
    if shape.contains(0) { return true }
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size  // at most the number of elements
    }
    return true
  }
}
