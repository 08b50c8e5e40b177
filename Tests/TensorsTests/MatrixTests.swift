import Tensors
import TestSupport
import Testing

@Suite struct MatrixTests {
  @Test func copiesDoNotShareWrites() {
    var original = Matrix(rows: 2, columns: 3, [1, 2, 3, 4, 5, 6])
    let copy = original
    original[0, 1] = 20
    #expect(copy.elements == [1, 2, 3, 4, 5, 6])
    #expect(original.elements == [1, 20, 3, 4, 5, 6])
    #expect(copy != original)
    original[0, 1] = 2
    #expect(copy == original)
  }

  @Test func anUnsharedMatrixIsWrittenInPlace() {
    var matrix = Matrix(rows: 4, columns: 4)
    let before = matrix.pointer
    matrix[3, 3] = 1
    matrix.fill(2)
    #expect(matrix.pointer == before)
    let copy = matrix
    #expect(copy.pointer == before)
    matrix[0, 0] = 1
    #expect(matrix.pointer != before)
    #expect(copy[0, 0] == 2)
  }

  private final class Memory: Sendable {
    nonisolated(unsafe) let base: UnsafeMutablePointer<Float>
    init(_ values: [Float]) {
      base = .allocate(capacity: values.count)
      base.initialize(from: values, count: values.count)
    }
    deinit { base.deallocate() }
  }

  @Test func mappedMemoryIsNeverWritten() {
    let memory = Memory([1, 2, 3, 4])
    var mapped = Matrix(rows: 2, columns: 2, mapped: memory.base, keeping: memory)
    #expect(mapped.pointer == UnsafePointer(memory.base))
    mapped[1, 0] = 30
    #expect(mapped.elements == [1, 2, 30, 4])
    #expect(memory.base[2] == 3)
    let second = Matrix(rows: 2, columns: 2, mapped: memory.base, keeping: memory)
    var resized = second
    resized.resize(rows: 1, columns: 2)
    resized.fill(9)
    #expect(second.elements == [1, 2, 3, 4])
  }

  @Test func theKeeperLivesAsLongAsTheMatrix() {
    weak var watched: Memory?
    var matrix: Matrix?
    do {
      let memory = Memory([5, 6])
      watched = memory
      matrix = Matrix(rows: 1, columns: 2, mapped: memory.base, keeping: memory)
    }
    #expect(watched != nil)
    #expect(matrix?.elements == [5, 6])
    matrix = nil
    #expect(watched == nil)
  }

  @Test func resizingKeepsTheMemoryWhereItSuffices() {
    var matrix = Matrix(rows: 4, columns: 4)
    let before = matrix.pointer
    matrix.resize(rows: 2, columns: 3)
    matrix.resize(rows: 1, columns: 16)
    #expect(matrix.pointer == before)
    #expect((matrix.rows, matrix.columns, matrix.count) == (1, 16, 16))
    matrix.resize(rows: 5, columns: 5)
    #expect(matrix.count == 25)
  }

  @Test func resizingOneCopyLeavesTheOther() {
    let original = Matrix(rows: 1, columns: 2, [1, 2])
    var copy = original
    copy.resize(rows: 2, columns: 1)
    copy.fill(7)
    #expect(original.elements == [1, 2])
  }

  @Test func gatheringAndTransposing() {
    let matrix = Matrix(rows: 3, columns: 2, [1, 2, 3, 4, 5, 6])
    #expect(matrix.gathering([2, 0, 2]).elements == [5, 6, 1, 2, 5, 6])
    #expect(matrix.gathering([]).rows == 0)
    let transposed = matrix.transposed()
    #expect((transposed.rows, transposed.columns) == (2, 3))
    #expect(transposed.elements == [1, 3, 5, 2, 4, 6])
    #expect(transposed.transposed() == matrix)
    #expect(Array(matrix.row(1)) == [3, 4])
  }

  @Test func equalityLooksAtTheShapeToo() {
    #expect(Matrix(rows: 1, columns: 2, [1, 2]) != Matrix(rows: 2, columns: 1, [1, 2]))
    #expect(Matrix(rows: 0, columns: 3) != Matrix(rows: 0, columns: 4))
    #expect(Matrix(rows: 0, columns: 3) == Matrix(rows: 0, columns: 3))
    #expect(Matrix(rows: 1, columns: 1, [.nan]) != Matrix(rows: 1, columns: 1, [.nan]))
  }
}
