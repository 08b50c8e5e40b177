import Synchronization

/// An owner of mapped memory that can give pages back to the system and get them again.
package protocol PageHolder: AnyObject, Sendable {
  func release(_ memory: UnsafeRawBufferPointer)
}

/// A row-major Float32 matrix with value semantics.
///
/// Copies share their storage until one of them is written. Storage is either owned or lies inside a mapped
/// file (`init(rows:columns:mapped:keeping:)`), so that a checkpoint's weights cost no copy. `resize` keeps the
/// allocation, so that a buffer reused from batch to batch allocates only when a batch is the largest so far.
public struct Matrix: Sendable {
  public private(set) var rows: Int
  public private(set) var columns: Int
  private var storage: Storage

  /// How many buffers this process has allocated for matrices: what a loop's steady state should not add to.
  package static var allocationCount: Int { allocations.load(ordering: .relaxed) }
  private static let allocations = Atomic<Int>(0)

  private final class Storage: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let capacity: Int
    let keeper: (any AnyObject & Sendable)?  // owner of borrowed memory; nil when this storage owns it

    init(capacity: Int) {
      Matrix.allocations.add(1, ordering: .relaxed)
      base = .allocate(capacity: max(capacity, 1))
      self.capacity = capacity
      keeper = nil
    }

    init(borrowing base: UnsafeMutablePointer<Float>, count: Int, keeping keeper: any AnyObject & Sendable) {
      self.base = base
      capacity = count
      self.keeper = keeper
    }

    deinit { if keeper == nil { base.deallocate() } }
  }

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(uninitializedRows: rows, columns: columns)
    storage.base.initialize(repeating: 0, count: rows * columns)
  }

  /// `elements` are the rows one after the other.
  public init(rows: Int, columns: Int, _ elements: some Collection<Float>) {
    precondition(elements.count == rows * columns, "\(elements.count) elements for \(rows) x \(columns)")
    self.init(uninitializedRows: rows, columns: columns)
    _ = UnsafeMutableBufferPointer(start: storage.base, count: rows * columns).initialize(from: elements)
  }

  package init(uninitializedRows rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0)
    self.rows = rows
    self.columns = columns
    storage = Storage(capacity: rows * columns)
  }

  /// A read-only view of memory that `keeper` keeps alive; the first write makes a copy.
  package init(
    rows: Int, columns: Int, mapped: UnsafePointer<Float>, keeping keeper: any AnyObject & Sendable
  ) {
    self.rows = rows
    self.columns = columns
    storage = Storage(
      borrowing: UnsafeMutablePointer(mutating: mapped), count: rows * columns, keeping: keeper)
  }

  public var count: Int { rows * columns }
  public var elements: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  public subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return storage.base[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      mutablePointer()[row * columns + column] = newValue
    }
  }

  /// The chosen rows, in that order.
  public func gathering(_ indices: some Collection<Int>) -> Matrix {
    var result = Matrix(uninitializedRows: indices.count, columns: columns)
    let target = result.mutablePointer()
    for (row, index) in indices.enumerated() {
      precondition(index >= 0 && index < rows)
      (target + row * columns).update(from: pointer + index * columns, count: columns)
    }
    return result
  }

  /// Some rows, in place: the storage is shared.
  package func rowBlock(_ rows: Range<Int>) -> Matrix {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
    return Matrix(
      rows: rows.count, columns: columns, mapped: pointer + rows.lowerBound * columns, keeping: storage)
  }

  public func transposed() -> Matrix {
    var result = Matrix(uninitializedRows: columns, columns: rows)
    let target = result.mutablePointer()
    for row in 0..<rows {
      for column in 0..<columns { target[column * rows + row] = pointer[row * columns + column] }
    }
    return result
  }

  /// Gives the matrix a new shape with undefined contents, reusing its memory where that suffices.
  package mutating func resize(rows: Int, columns: Int) {
    let needed = rows * columns
    if needed > storage.capacity || storage.keeper != nil || !isKnownUniquelyReferenced(&storage) {
      storage = Storage(capacity: needed)
    }
    self.rows = rows
    self.columns = columns
  }

  /// Takes over the shape and the contents of another matrix, keeping its own memory where that suffices.
  package mutating func copy(_ other: Matrix) {
    resize(rows: other.rows, columns: other.columns)
    mutablePointer().update(from: other.pointer, count: other.count)
  }

  /// Gives back what reading a mapped file took of memory; it is read again when it is needed again.
  package func releasePages() {
    (storage.keeper as? any PageHolder)?.release(
      UnsafeRawBufferPointer(start: storage.base, count: count * MemoryLayout<Float>.size))
  }

  package mutating func scale(by factor: Float) {
    let elements = mutablePointer()
    for index in 0..<count { elements[index] *= factor }
  }

  package mutating func fill(_ value: Float) { mutablePointer().update(repeating: value, count: count) }

  /// The first element. Valid while the matrix lives: take it from a parameter, a stored property or a local that is used
  /// again after (lexical lifetimes), never from a temporary.
  package var pointer: UnsafePointer<Float> { UnsafePointer(storage.base) }

  /// The first element, for writing; makes the storage this matrix's own first.
  package mutating func mutablePointer() -> UnsafeMutablePointer<Float> {
    if storage.keeper != nil || !isKnownUniquelyReferenced(&storage) {
      let own = Storage(capacity: count)
      own.base.initialize(from: storage.base, count: count)
      storage = own
    }
    return storage.base
  }

  package func row(_ index: Int) -> UnsafeBufferPointer<Float> {
    precondition(index >= 0 && index < rows)
    return UnsafeBufferPointer(start: pointer + index * columns, count: columns)
  }
}

extension Matrix: Equatable {
  public static func == (left: Matrix, right: Matrix) -> Bool {
    guard left.rows == right.rows, left.columns == right.columns else { return false }
    if left.pointer == right.pointer { return true }
    return (0..<left.count).allSatisfy { left.pointer[$0] == right.pointer[$0] }
  }
}
