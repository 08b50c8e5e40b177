import Checkpoints
import Formats
import Foundation
import Tensors

/// Where a tuning stands between two steps. A tuning that goes on from here comes to the same bytes as one that was never
/// stopped; the order of its examples follows from the seed.
package struct TuningState: Sendable {
  let prompt, firstMoment, secondMoment: Matrix  // (P, C)
  let best: Matrix?  // (P, C)
  let progress: Progress

  struct Progress: Sendable, Codable, Equatable {
    var stepsDone = 0
    var examplesDone = 0
    /// Whether the prompt as it is was to be scored, and is not yet.
    var isScoreDue = false
    var lossSum = Exact(0)
    var bestScore: TuningScore?
    var lastScore: TuningScore?
    var epochs: [TuningRunEpoch] = []
  }

  /// A number to its last bit, whatever it is.
  struct Exact: Sendable, Codable, Equatable {
    var bits: UInt64
    var value: Double {
      get { Double(bitPattern: bits) }
      set { bits = newValue.bitPattern }
    }

    init(_ value: Double) { bits = value.bitPattern }
    init(from decoder: any Decoder) throws { bits = try decoder.singleValueContainer().decode(UInt64.self) }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(bits)
    }
  }
}

/// One pass over the examples.
struct TuningRunEpoch: Sendable, Codable, Equatable {
  private var loss: TuningState.Exact
  /// The mean over the examples.
  var trainLoss: Double { loss.value }
  /// The last one of the epoch; nil when nothing was scored.
  let score: TuningScore?

  init(trainLoss: Double, score: TuningScore?) { (loss, self.score) = (.init(trainLoss), score) }
}

extension TuningState {
  private static let format = "promptferry-tuning-state"

  /// Writes it whole or not at all.
  package func write(to url: URL) throws {
    var tensors = ["prompt": prompt, "firstMoment": firstMoment, "secondMoment": secondMoment]
    tensors["best"] = best
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let metadata = [
      "format": Self.format, "version": PromptFerryVersion.current,
      "progress": String(decoding: try encoder.encode(progress), as: UTF8.self),
    ]
    try AtomicFile.write(SafetensorsFile.serialize(tensors, metadata: metadata), to: url)
  }

  /// Nil where there is none, or one of another version, which may take other steps.
  package init?(_ url: URL) {
    guard FileManager.default.fileExists(atPath: url.path), let file = try? SafetensorsFile(url),
      file.header.metadata["format"] == Self.format,
      file.header.metadata["version"] == PromptFerryVersion.current,
      let text = file.header.metadata["progress"],
      let progress = try? JSONDecoder().decode(Progress.self, from: Data(text.utf8))
    else { return nil }
    func matrix(_ name: String) -> Matrix? { file.entry(name).flatMap { try? file.matrix($0) } }
    guard let prompt = matrix("prompt"), let first = matrix("firstMoment"),
      let second = matrix("secondMoment")
    else { return nil }
    (self.prompt, firstMoment, secondMoment) = (prompt, first, second)
    (best, self.progress) = (matrix("best"), progress)
    guard (best == nil) == (progress.bestScore == nil) else { return nil }
  }

  /// Whether a tuning of so many steps that starts from such a prompt may stand here.
  func fits(_ start: Matrix, stepCount: Int) -> Bool {
    let all = [prompt, firstMoment, secondMoment] + (best.map { [$0] } ?? [])
    return all.allSatisfy { $0.rows == start.rows && $0.columns == start.columns }
      && (0...stepCount).contains(progress.stepsDone)
  }
}

/// Where the state of a tuning is kept while it is not finished.
package struct TuningKeeper: Sendable {
  /// How long a tuning goes on without its state being written, unless it is stopped.
  static let interval = Duration.seconds(300)

  let file: URL
  private let interval: Duration
  private var lastKept = ContinuousClock.now

  package init(_ file: URL, interval: Duration = TuningKeeper.interval) {
    (self.file, self.interval) = (file, interval)
  }

  /// Whether the state is to be written: when the tuning is stopped, and now and then.
  func isDue(isStopped: Bool) -> Bool { isStopped || ContinuousClock.now - lastKept >= interval }

  /// Where it cannot be written the tuning goes on all the same, and begins anew if it is stopped.
  mutating func keep(_ state: TuningState) {
    lastKept = .now
    try? state.write(to: file)
  }
}
