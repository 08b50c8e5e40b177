import Tensors

extension DeviceQueue {
  /// Logits become `cap tanh(logit / cap)`.
  package func cap(_ logits: DeviceMatrix, at cap: Float) throws(DeviceError) {
    try launch("soft_cap", threads: logits.count, .address(logits), .float(cap), .long(logits.count))
  }

  /// The cross-entropy of each row's label, and the gradient of its scale times it.
  /// - Parameters:
  ///   - logits: (R, candidates), capped already
  ///   - losses: (1, R)
  ///   - dLogits: (R, candidates), operands, of the logits before the cap
  package func crossEntropy(
    _ logits: DeviceMatrix, labels: UInt64, scales: DeviceMatrix, cap: Float?, losses: DeviceMatrix,
    into dLogits: DeviceMatrix
  ) throws(DeviceError) {
    try losses.resize(rows: 1, columns: logits.rows)
    try dLogits.resize(rows: logits.rows, columns: logits.columns)
    try launch(
      "cross_entropy", rows: logits.rows, .address(logits), .address(labels), .address(scales),
      .float(cap ?? 0), .address(losses), .address(dLogits), .int(logits.columns))
  }

  /// The divergence of each row, and the gradient of its scale times it; otherwise as above.
  package func divergence(
    _ logits: DeviceMatrix, targets: DeviceMatrix, temperature: Float, scales: DeviceMatrix, cap: Float?,
    losses: DeviceMatrix, into dLogits: DeviceMatrix
  ) throws(DeviceError) {
    try losses.resize(rows: 1, columns: logits.rows)
    try dLogits.resize(rows: logits.rows, columns: logits.columns)
    try launch(
      "divergence", rows: logits.rows, .address(logits), .address(targets), .float(temperature),
      .address(scales), .float(cap ?? 0), .address(losses), .address(dLogits), .int(logits.columns))
  }

  /// Of each row the best candidate, the place of the labelled one from 1 and the logarithm of its probability.
  /// - Parameters:
  ///   - labels: of each row a column
  ///   - y: (R, 3)
  package func rank(_ logits: DeviceMatrix, labels: UInt64, into y: DeviceMatrix) throws(DeviceError) {
    precondition(logits.columns < 1 << 24, "more candidates than are counted exactly")
    try y.resize(rows: logits.rows, columns: 3)
    try launch(
      "rank_rows", rows: logits.rows, .address(logits), .address(labels), .address(y), .int(logits.columns))
  }

  /// The logarithms of the probabilities of some tokens.
  /// - Parameters:
  ///   - rows: of each, its row of the logits
  ///   - y: (1, asked)
  package func logProbabilities(
    _ logits: DeviceMatrix, rows: UInt64, tokens: UInt64, count: Int, sums: DeviceMatrix, into y: DeviceMatrix
  ) throws(DeviceError) {
    try sums.resize(rows: 1, columns: logits.rows)
    try y.resize(rows: 1, columns: count)
    try launch(
      "log_sums", rows: logits.rows, .address(logits), .address(sums), .int(logits.columns))
    try launch(
      "log_probabilities", threads: count, .address(logits), .address(sums), .address(rows),
      .address(tokens), .address(y), .int(count), .int(logits.columns))
  }
}
