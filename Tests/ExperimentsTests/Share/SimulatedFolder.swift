import Experiments
import Foundation
import Synchronization
import Tensors

/// A folder on a server that several machines see late: each of them may be told what was there a while ago, of files and of
/// listings, but for what it did itself. Time is simulated and everything random comes from a seed.
final class SimulatedFolder: Sendable {
  private struct Version {
    let time: Double
    let machine: Int
    let content: Data?
  }

  private struct State {
    var stream: RandomStream
    var files: [String: [Version]] = [:]
    var time = 0.0
  }

  private let state: Mutex<State>
  /// The oldest that a machine may see.
  private let delay: Double
  /// How likely a claim is made and its answer lost.
  private let lostAnswers: Double
  /// From when to when nothing can be written.
  private let fullDisk: Range<Double>

  struct DiskIsFull: Error {}

  init(seed: UInt64, delay: Double, lostAnswers: Double, fullDisk: Range<Double>) {
    state = Mutex(State(stream: RandomStream(seed: seed, name: "folder")))
    (self.delay, self.lostAnswers, self.fullDisk) = (delay, lostAnswers, fullDisk)
  }

  var time: Double {
    get { state.withLock { $0.time } }
    set { state.withLock { $0.time = newValue } }
  }

  /// What really is there.
  func holds(_ name: String) -> Bool { state.withLock { $0.files[name]?.last?.content != nil } }

  func seen(by machine: Int) -> any SharedFiles { View(folder: self, machine: machine) }

  private struct View: SharedFiles {
    let folder: SimulatedFolder
    let machine: Int

    func create(_ name: String, _ content: Data) throws -> Bool {
      try folder.state.withLock { state in
        guard state.files[name]?.last?.content == nil else { return false }
        try folder.write(&state, name, content, machine)
        return state.stream.uniform() >= folder.lostAnswers
      }
    }

    func read(_ name: String) -> Data? {
      folder.state.withLock { state in
        guard let versions = state.files[name] else { return nil }
        let horizon = state.time - folder.delay * state.stream.uniform()
        return versions.last { $0.time <= horizon || $0.machine == machine }?.content
      }
    }

    func exists(_ name: String) -> Bool { read(name) != nil }

    func overwrite(_ name: String, _ content: Data) throws {
      try folder.state.withLock { try folder.write(&$0, name, content, machine) }
    }

    func remove(_ name: String) {
      folder.state.withLock {
        $0.files[name]?.append(Version(time: $0.time, machine: machine, content: nil))
      }
    }
  }

  private func write(_ state: inout State, _ name: String, _ content: Data, _ machine: Int) throws {
    if fullDisk.contains(state.time) { throw DiskIsFull() }
    state.files[name, default: []].append(Version(time: state.time, machine: machine, content: content))
  }
}
