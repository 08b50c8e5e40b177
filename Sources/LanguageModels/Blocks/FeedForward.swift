import Tensors

/// `output(f(inner x))`, or `output(f(gate x) * inner x)` where there is a gate.
struct FeedForward: Sendable {
  var gate: StoredMap?
  let inner, output: StoredMap
  let activation: ActivationFunction
}
