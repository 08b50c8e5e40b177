/// `y = cap tanh(x / cap)`: scores that never leave (-cap, cap).
package struct SoftCap: Sendable {
  package let cap: Float

  package init(_ cap: Float) {
    precondition(cap > 0)
    self.cap = cap
  }

  /// In place.
  package func forward(_ x: inout Matrix) {
    let count = x.count
    kernels.soft_cap(x.mutablePointer(), cap, count)
  }

  /// `dy` becomes `dx`, with the `y` of the forward.
  package func backward(_ y: Matrix, _ dy: inout Matrix) {
    precondition(y.count == dy.count)
    kernels.soft_cap_backward(y.pointer, cap, dy.mutablePointer(), y.count)
  }
}
