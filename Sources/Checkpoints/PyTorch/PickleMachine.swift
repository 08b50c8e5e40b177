/// Reads a pickle of tensors without ever calling anything: instructions move values, and the few calls that
/// state dicts contain are recognised by their shape. All else is an error.
///
/// Memory is a small multiple of the pickle's size, and bounded: an instruction adds at most one value to the stack, and
/// what leaves the stack is moved, not copied. Source of the instructions: CPython, `Lib/pickletools.py`; of
/// the calls: PyTorch, `torch/_utils.py` and `torch/serialization.py`.
struct PickleMachine {
  /// A text key of a dictionary with its value, a tensor or another dictionary.
  struct Item {
    let owner: UInt32
    let key: PickleSpan
    let value: PickleValue
  }

  var elements: [PickleValue] = []
  var items: [Item] = []
  var reader: ByteReader
  var stack: [PickleValue] = []
  var marks: [Int] = []
  var memo: [UInt32: PickleValue] = [:]
  var dictionaryCount: UInt32 = 0

  static let sizeLimit = 64 << 20
  /// How many values may be kept at a time, on the stack, in memos or in tuples: a tensor takes some twenty.
  static let valueLimit = 1 << 22

  init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

  /// Runs to the end and returns the value that remains.
  mutating func root() throws(PyTorchProblem) -> PickleValue {
    guard reader.bytes.count <= Self.sizeLimit else {
      throw PyTorchProblem("is larger than \(Self.sizeLimit) bytes", item: "data.pkl")
    }
    guard try opcode() == .proto, let version = reader.next(UInt8.self), (2...5).contains(version) else {
      throw failure("is no pickle of protocol 2 to 5")
    }
    while true {
      let code = try opcode()
      guard code == .stop else {
        try step(code)
        guard max(stack.count, marks.count, memo.count, elements.count) <= Self.valueLimit else {
          throw failure("keeps more than \(Self.valueLimit) values")
        }
        continue
      }
      let value = try pop()
      guard stack.isEmpty, marks.isEmpty, reader.isAtEnd else { throw failure("does not end at its end") }
      return value
    }
  }

  func failure(_ problem: String) -> PyTorchProblem {
    PyTorchProblem("\(problem) (at byte \(reader.position))", item: "data.pkl")
  }

  /// The bytes of a text.
  func bytes(_ text: PickleSpan) -> Slice<UnsafeRawBufferPointer> { reader.bytes[text.range] }

  func isText(_ value: PickleValue, _ expected: String) -> Bool {
    guard case .text(let span) = value else { return false }
    return bytes(span).elementsEqual(expected.utf8)
  }

  private mutating func opcode() throws(PyTorchProblem) -> PickleOpcode {
    guard let byte = reader.next(UInt8.self) else { throw failure("ends early") }
    guard let code = PickleOpcode(rawValue: byte) else {
      throw failure("has the instruction 0x\(String(byte, radix: 16)), which no state dict of tensors needs")
    }
    return code
  }

  mutating func operand<Value: FixedWidthInteger>(
    _ type: Value.Type
  ) throws(PyTorchProblem) -> Value {
    guard let value = reader.next(type) else { throw failure("ends early") }
    return value
  }

  mutating func operand(length: Int) throws(PyTorchProblem) -> Range<Int> {
    guard let place = reader.take(length) else { throw failure("ends early") }
    return place
  }

  var floor: Int { marks.last ?? 0 }

  mutating func pop() throws(PyTorchProblem) -> PickleValue {
    guard stack.count > floor, let value = stack.popLast() else { throw failure("takes what is not there") }
    return value
  }

  func top() throws(PyTorchProblem) -> PickleValue {
    guard stack.count > floor, let value = stack.last else { throw failure("takes what is not there") }
    return value
  }

  /// The place on the stack of all that follows the last mark, which goes.
  private mutating func popMark() throws(PyTorchProblem) -> Range<Int> {
    guard let start = marks.popLast() else { throw failure("takes a mark that is not there") }
    return start..<stack.count
  }

  private mutating func step(_ code: PickleOpcode) throws(PyTorchProblem) {
    switch code {
    case .proto, .stop: throw failure("begins twice")
    case .frame: _ = try operand(UInt64.self)
    case .mark: marks.append(stack.count)
    case .none: stack.append(.none)
    case .newTrue: stack.append(.bool(true))
    case .newFalse: stack.append(.bool(false))
    case .binInt: stack.append(.integer(Int(try operand(Int32.self))))
    case .binInt1: stack.append(.integer(Int(try operand(UInt8.self))))
    case .binInt2: stack.append(.integer(Int(try operand(UInt16.self))))
    case .long1: stack.append(try long())
    case .binFloat:
      _ = try operand(UInt64.self)
      stack.append(.other)
    case .binUnicode: stack.append(.text(PickleSpan(try operand(length: Int(try operand(UInt32.self))))))
    case .shortBinUnicode: stack.append(.text(PickleSpan(try operand(length: Int(try operand(UInt8.self))))))
    case .emptyTuple: try tuple(stack.count..<stack.count)
    case .tuple: try tuple(try popMark())
    case .tuple1: try tuple(stack.count - 1..<stack.count)
    case .tuple2: try tuple(stack.count - 2..<stack.count)
    case .tuple3: try tuple(stack.count - 3..<stack.count)
    case .emptyList: stack.append(.list)
    case .append: try extendList(stack.count - 1..<stack.count)
    case .appends: try extendList(try popMark())
    case .emptyDictionary: pushDictionary()
    case .setItem: try setItems(stack.count - 2..<stack.count)
    case .setItems: try setItems(try popMark())
    case .binPut: memo[UInt32(try operand(UInt8.self))] = try top()
    case .longBinPut: memo[try operand(UInt32.self)] = try top()
    case .memoize: memo[UInt32(memo.count)] = try top()
    case .binGet: try recall(UInt32(try operand(UInt8.self)))
    case .longBinGet: try recall(try operand(UInt32.self))
    case .global:
      guard let module = reader.line(), let name = reader.line() else { throw failure("ends early") }
      try pushGlobal(PickleSpan(module), PickleSpan(name))
    case .stackGlobal:
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw failure("names a Python object by something that is no text")
      }
      try pushGlobal(module, name)
    case .binPersistentID: try pushStorage()
    case .reduce: try reduce()
    case .build:  // attributes of an ordered dictionary: modules put their versions there
      guard case .dictionary = try pop(), case .dictionary = try top() else {
        throw failure("gives attributes to something that is no dictionary")
      }
    }
  }
}
