import Synchronization

/// Values by name, the latest of them kept, as many as go into `capacity`. A value is made once, while others who want the same one
/// wait.
final class Shelf<Value: Sendable>: Sendable {
  private let capacity: Int
  private let entries = Mutex<(slots: [String: Slot], order: [String])>(([:], []))

  /// The place of one value.
  private final class Slot: Sendable {
    let size: Int
    let value = Mutex<Value?>(nil)
    init(size: Int) { self.size = size }
  }

  init(capacity: Int) { self.capacity = capacity }

  /// The latest one is kept whatever its size.
  func value(_ name: String, size: Int = 1, make: () throws -> Value) throws -> Value {
    let slot = entries.withLock { entries in
      let slot = entries.slots[name] ?? Slot(size: size)
      entries.slots[name] = slot
      entries.order.removeAll { $0 == name }
      entries.order.append(name)
      while entries.order.count > 1, entries.slots.values.reduce(0, { $0 + $1.size }) > capacity {
        entries.slots[entries.order.removeFirst()] = nil
      }
      return slot
    }
    return try slot.value.withLock { known in
      if let known { return known }
      let value = try make()
      known = value
      return value
    }
  }
}
