import CUDA
import Checkpoints
import Foundation
import Synchronization
import Tensors

/// The network on a device: weights, activations and prompts stay there; ids, prompts and what is asked go in, logits, losses and the
/// prompts' gradients come out.
public struct CUDAModel: Network {
  public let configuration: ModelConfiguration
  public let embeddingTable: EmbeddingTable
  public let unusedTensors: [String]
  public let precision: Precision
  package let device: any Device
  let embeddings: CUDAEmbeddings
  let layers: [CUDALayer]
  let decoder: CUDADecoder?
  let head: CUDAHead
  let rotaries: [Rotary]
  let rotations = CUDARotations()
  private let trouble = Trouble()

  /// The first thing that went wrong on the device.
  private final class Trouble: Sendable {
    let first: Mutex<DeviceError?> = Mutex(nil)
  }

  /// Loads a checkpoint onto a device, all or nothing.
  package init(_ checkpoint: Checkpoint, precision: Precision, device: any Device) throws(CheckpointError) {
    let model = try CheckpointModel(checkpoint)
    let composition = model.composition
    (configuration, embeddingTable) = (composition.configuration, model.embeddingTable)
    (self.precision, self.device) = (precision, device)
    let queue: DeviceQueue
    do {
      try device.prepare(precision)
      try SelfCheck.require(device, precision)
      queue = try DeviceQueue(device, precision)
    } catch {
      throw CheckpointError(file: checkpoint.folder, "cannot be run on \(device.name): \(error)")
    }
    var weights = CUDAWeights(reader: model.reader(precision), queue: queue)
    let words = try weights.reader.table(
      composition.embeddings.words, rows: composition.embeddings.rows, columns: composition.embeddings.width)
    let table = try weights.table(words)
    embeddings = try CUDAEmbeddings(
      composition.embeddings, scale: Float(embeddingTable.inputScale), words: table, &weights)
    var shared: [String: CUDALayer] = [:]
    var layers: [CUDALayer] = []
    for block in composition.layers {
      if shared[block.id] == nil { shared[block.id] = try CUDALayer(block, &weights) }
      if let layer = shared[block.id] { layers.append(layer) }
    }
    self.layers = layers
    decoder = try composition.decoder.map { (block) throws(CheckpointError) in
      try CUDADecoder(block, &weights)
    }
    let output = try weights.reader.output(
      composition.head, words: words, table: composition.embeddings.words)
    head = try CUDAHead(composition.head, words: table, output: output, &weights)
    var rotaries: [Rotary] = []
    for rotary in composition.layers.compactMap(\.attention.shape.rotary) where !rotaries.contains(rotary) {
      rotaries.append(rotary)
    }
    self.rotaries = rotaries
    unusedTensors = weights.reader.unused
    sequencesPerTask = Self.sequencesPerTask(
      composition, precision, free: (try? device.memory.free) ?? 0)
    do { try queue.wait() } catch { throw CheckpointError(file: checkpoint.folder, "\(error)") }
  }

  /// Products see rows one by one, whatever their number is.
  public var keepsSequencesApart: Bool { true }
  public var deviceName: String? { device.name }
  public let sequencesPerTask: Int?
  public var failure: (any Error)? { trouble.first.withLock { $0 } }

  /// Enough to fill a device, and fewer where their activations, all layers' for the backward, would not fit what is left of its memory.
  private static func sequencesPerTask(
    _ composition: Composition, _ precision: Precision, free: Int
  ) -> Int {
    let numbers = composition.layers.reduce(composition.configuration.width * 8) { sum, layer in
      let shape = layer.attention.shape
      // Those around the parts, in 32 bits and as operands, then the parts' own.
      return sum + 8 * composition.configuration.width + 2 * (shape.width + 2 * shape.keyWidth) + shape.width
        + (layer.feedForward.gate == nil ? 2 : 3) * layer.feedForward.inner.outputs + shape.heads * tokens
    }
    let bytes = numbers * (precision.isNarrow ? 3 : 4) * tokens
    return max(8, min(256, free / workers / max(1, bytes)))
  }

  /// Of a sequence that is longer than most, and the workers that share a device.
  private static let (tokens, workers) = (32, 4)

  public func prepare(gradientsOf candidates: CandidateHead?, parallelism: Parallelism) {}

  public func candidates(_ ids: [Int]) -> CandidateHead {
    let map = attempt { () throws(DeviceError) in
      let queue = try DeviceQueue(device, precision)
      let indices = DeviceIndices(device)
      let chosen = indices.add(ids)
      try indices.send(queue.stream)
      let map = try head.decoder.choosing(chosen, of: indices, queue)
      try queue.wait()
      return map
    }
    return CandidateHead(CUDACandidates(map: map), count: ids.count)
  }

  public var allWords: CandidateHead {
    CandidateHead(CUDACandidates(map: head.decoder), count: head.decoder.outputs)
  }

  public func logits(
    _ inputs: ArraySlice<PromptedInput>, prompt: Matrix, candidates: CandidateHead, _ workspace: Workspace
  ) -> Matrix {
    attempt { () throws(DeviceError) in
      let pass = try begin(inputs, prompt: prompt, workspace, goesBack: false)
      let top = try read(pass)
      try score(top, words(candidates), pass)
      return try pass.buffers.queue.download(pass.buffers.logits)
    } ?? .notNumbers(rows: inputs.reduce(0) { $0 + $1.readCount }, columns: candidates.count)
  }

  public func ranks(
    _ inputs: ArraySlice<PromptedInput>, labels: ArraySlice<Int>, prompt: Matrix, candidates: CandidateHead,
    _ workspace: Workspace
  ) -> [CandidateRank] {
    let found = attempt { () throws(DeviceError) in
      var columns: DeviceIndices.Part?
      let pass = try begin(inputs, prompt: prompt, workspace, goesBack: false) { columns = $0.add(labels) }
      try score(read(pass), words(candidates), pass)
      let (buffers, indices) = (pass.buffers, pass.run.indices)
      try buffers.queue.rank(buffers.logits, labels: indices.address(columns), into: buffers.picked)
      return try buffers.queue.download(buffers.picked)
    }
    guard let found else { return labels.map { _ in .none } }
    return (0..<found.rows).map {
      CandidateRank(best: Int(found[$0, 0]), rank: Int(found[$0, 1]), logProbability: found[$0, 2])
    }
  }

  public func logProbabilities(
    of tokens: ArraySlice<[PredictedToken]>, after inputs: ArraySlice<PromptedInput>, prompt: Matrix,
    _ workspace: Workspace
  ) -> [[Float]] {
    attempt { () throws(DeviceError) in
      try logProbabilities(tokens, inputs, prompt, workspace)
    } ?? tokens.map { $0.map { _ in .nan } }
  }

  private func logProbabilities(
    _ tokens: ArraySlice<[PredictedToken]>, _ inputs: ArraySlice<PromptedInput>, _ prompt: Matrix,
    _ workspace: Workspace
  ) throws(DeviceError) -> [[Float]] {
    let asked = AskedPredictions(tokens, of: inputs)
    let blocks = asked.blocks(of: Self.predictionsAtOnce)
    var parts: [(rows: DeviceIndices.Part, places: DeviceIndices.Part, tokens: DeviceIndices.Part)] = []
    let pass = try begin(inputs, prompt: prompt, workspace, goesBack: false) { indices in
      for block in blocks {
        parts.append(
          (
            indices.add(block.map(\.row)),
            indices.add(block.enumerated().flatMap { row, asked in asked.asked.map { _ in row } }),
            indices.add(block.flatMap { $0.asked.map(\.token) })
          ))
      }
    }
    let (buffers, indices) = (pass.buffers, pass.run.indices)
    let top = try read(pass)
    var results = tokens.map { [Float](repeating: 0, count: $0.count) }
    for (block, part) in zip(blocks, parts) {
      try buffers.queue.gather(
        indices.address(part.rows), count: part.rows.count, of: top.operand, into: buffers.chosen)
      try score(buffers.chosen, head.decoder, pass)
      try buffers.queue.logProbabilities(
        buffers.logits, rows: indices.address(part.places), tokens: indices.address(part.tokens),
        count: part.tokens.count, sums: buffers.losses, into: buffers.picked)
      let values = try buffers.queue.download(buffers.picked).elements
      for (asked, value) in zip(block.flatMap(\.asked), values) { results[asked.input][asked.place] = value }
    }
    return results
  }

  /// With the whole vocabulary each of them takes a row of it.
  private static let predictionsAtOnce = 512

  public func lossesAndGradients(
    _ groups: [TaughtGroup], candidates: CandidateHead, _ workspace: Workspace
  ) -> [(losses: [Float], gradient: Matrix)] {
    let joined = JoinedGroups(groups)
    let found = attempt { () throws(DeviceError) in
      var labels: DeviceIndices.Part?
      let pass = try begin(joined.inputs[...], prompt: joined.prompt, workspace, goesBack: true) {
        if case .labels(let own) = joined.target { labels = $0.add(own) }
      }
      let (buffers, words) = (pass.buffers, try words(candidates))
      try buffers.queue.upload(
        Matrix(rows: 1, columns: joined.scales.count, joined.scales.map { $0 * gradientScale }),
        to: buffers.scales)
      if case .distributions(let targets, _) = joined.target {
        try buffers.queue.upload(targets, to: buffers.targets)
      }
      return try losses(pass, words) { () throws(DeviceError) in
        switch joined.target {
        case .labels:
          try buffers.queue.crossEntropy(
            buffers.logits, labels: pass.run.indices.address(labels), scales: buffers.scales, cap: head.cap,
            losses: buffers.losses, into: buffers.dLogits)
        case .distributions(_, let temperature):
          try buffers.queue.divergence(
            buffers.logits, targets: buffers.targets, temperature: temperature, scales: buffers.scales,
            cap: head.cap, losses: buffers.losses, into: buffers.dLogits)
        }
      }
    }
    guard let found else {
      return groups.map { group in
        (
          (0..<group.target.count).map { _ in .nan },
          .notNumbers(rows: group.prompt.rows, columns: group.prompt.columns)
        )
      }
    }
    return joined.apart(found.losses, found.gradient)
  }
}

extension CUDAModel {
  private func words(_ candidates: CandidateHead) throws(DeviceError) -> DeviceMap {
    guard let own = candidates.content as? CUDACandidates else {
      preconditionFailure("the candidates are of another kind of network")
    }
    guard let map = own.map else {
      throw failure as? DeviceError ?? .unavailable("\(device.name) has given up")
    }
    return map
  }

  /// What it gives; nil where the device fails, which `failure` then tells. A device that has failed is not asked again.
  private func attempt<Value>(_ body: () throws(DeviceError) -> Value) -> Value? {
    if failure != nil { return nil }
    do { return try body() } catch {
      trouble.first.withLock { if $0 == nil { $0 = error } }
      return nil
    }
  }
}

extension Matrix {
  /// What stands for a result that could not be had.
  fileprivate static func notNumbers(rows: Int, columns: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, [Float](repeating: .nan, count: rows * columns))
  }
}

/// The rows of the output matrix that are scored; nil where the device failed.
private struct CUDACandidates: CandidateContent, @unchecked Sendable {
  let map: DeviceMap?

  func prepare() {}
}
