/// What the instructions do that need more than a line.
extension PickleMachine {
  mutating func long() throws(PyTorchProblem) -> PickleValue {
    let place = try operand(length: Int(try operand(UInt8.self)))
    guard place.count <= 8 else { return .other }
    let value = reader.bytes[place].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    let unused = 64 - 8 * place.count
    return .integer(place.isEmpty ? 0 : Int(truncatingIfNeeded: value << unused) >> unused)
  }

  mutating func tuple(_ place: Range<Int>) throws(PyTorchProblem) {
    guard place.lowerBound >= floor else { throw failure("takes what is not there") }
    let start = elements.count
    elements.append(contentsOf: stack[place])
    stack.removeSubrange(place)
    stack.append(.tuple(PickleSpan(start..<elements.count)))
  }

  mutating func extendList(_ place: Range<Int>) throws(PyTorchProblem) {
    guard place.lowerBound >= floor else { throw failure("takes what is not there") }
    stack.removeSubrange(place)
    guard case .list = try top() else { throw failure("appends to something that is no list") }
  }

  mutating func pushDictionary() {
    stack.append(.dictionary(dictionaryCount))
    dictionaryCount += 1
  }

  mutating func setItems(_ place: Range<Int>) throws(PyTorchProblem) {
    guard place.lowerBound > floor, place.count % 2 == 0,
      case .dictionary(let owner) = stack[place.lowerBound - 1]
    else { throw failure("sets items of something that is no dictionary") }
    for index in stride(from: place.lowerBound, to: place.upperBound, by: 2) {
      guard case .text(let key) = stack[index] else { continue }
      switch stack[index + 1] {
      case .tensor, .dictionary: items.append(Item(owner: owner, key: key, value: stack[index + 1]))
      default: continue
      }
    }
    stack.removeSubrange(place)
  }

  mutating func recall(_ index: UInt32) throws(PyTorchProblem) {
    guard let value = memo[index] else { throw failure("recalls what was not stored") }
    stack.append(value)
  }

  mutating func pushGlobal(_ module: PickleSpan, _ name: PickleSpan) throws(PyTorchProblem) {
    let path =
      String(decoding: bytes(module), as: UTF8.self) + "." + String(decoding: bytes(name), as: UTF8.self)
    guard let global = PickleGlobal(path) else {
      throw PyTorchProblem(
        "asks for the Python object \(path.prefix(200).debugDescription), which weights do not need; "
          + "nothing was run",
        item: "data.pkl",
        hint: "Save the state dict alone, as safetensors or with torch.save(model.state_dict(), …)")
    }
    stack.append(.global(global))
  }

  /// `("storage", type, key, location, number of elements)`
  mutating func pushStorage() throws(PyTorchProblem) {
    guard case .tuple(let span) = try pop(), span.count == 5,
      isText(elements[span.range.lowerBound], "storage")
    else { throw failure("refers to something outside that is no storage") }
    let fields = elements[span.range.dropFirst()]
    guard case .global(.storage) = fields[fields.startIndex], case .text = fields[fields.startIndex + 1],
      case .text = fields[fields.startIndex + 2], case .integer(let count) = fields[fields.startIndex + 3],
      count >= 0
    else { throw failure("describes a storage in a way unknown here") }
    stack.append(.storage(span))
  }

  mutating func reduce() throws(PyTorchProblem) {
    guard case .tuple(let span) = try pop(), case .global(let global) = try pop() else {
      throw failure("calls something that is no function")
    }
    let arguments = elements[span.range]
    switch global {
    case .orderedDictionary where arguments.isEmpty: pushDictionary()
    case .rebuildTensor where arguments.count == 6: stack.append(.tensor(span))
    case .rebuildParameter where arguments.count == 3:
      guard case .tensor = arguments[arguments.startIndex] else {
        throw failure("makes a parameter of something that is no tensor")
      }
      stack.append(arguments[arguments.startIndex])
    default: throw failure("makes a dictionary, tensor or parameter in a way unknown here")
    }
  }
}
