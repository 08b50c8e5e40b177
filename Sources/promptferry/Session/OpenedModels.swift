import Checkpoints
import Foundation
import PromptTransfer
import Synchronization
import Tensors

/// Models and embedding spaces of earlier requests, to be used again while their files are as they were.
///
/// A process of one verb keeps none.
final class OpenedModels: Sendable {
  static let shared = OpenedModels()

  /// At least two are kept, and at most eight while their files take no more than a quarter of the memory.
  private static let (fewest, most) = (2, 8)

  private struct Entry<Value> {
    let place: ModelFiles
    let computing: Computing
    let value: Value
  }

  private struct State {
    var keeps = false
    var openedCount = 0
    var models: [Entry<LanguageModel>] = []
    var spaces: [Entry<EmbeddingSpace>] = []
  }

  private let state = Mutex(State())

  /// From here on what is opened is kept.
  func keep() { state.withLock { $0.keeps = true } }

  /// How many were opened so far.
  var openedCount: Int { state.withLock { $0.openedCount } }

  func model(_ folder: URL, _ computing: Computing) throws -> LanguageModel {
    try value(\.models, folder, computing) { try LanguageModel(folder: folder, computing) }
  }

  /// A model that is open has its space.
  func space(_ folder: URL) throws -> EmbeddingSpace {
    let files = ModelFiles(folder)
    if let model = state.withLock({ $0.models.first { $0.place == files } }) { return model.value.space }
    return try value(\.spaces, folder, Computing()) { try EmbeddingSpace(folder: folder) }
  }

  private func value<Value: Sendable>(
    _ list: WritableKeyPath<State, [Entry<Value>]> & Sendable, _ folder: URL, _ computing: Computing,
    open: () throws -> Value
  ) throws -> Value {
    // Before it is opened: what changes meanwhile makes it another one.
    let files = ModelFiles(folder)
    let known: Value? = state.withLock { state in
      let index = state[keyPath: list].firstIndex { $0.place == files && $0.computing == computing }
      guard let index else {
        // Not kept in memory while its successor is opened.
        state[keyPath: list].removeAll { $0.place.path == files.path && $0.place != files }
        return nil
      }
      let entry = state[keyPath: list].remove(at: index)
      state[keyPath: list].append(entry)
      return entry.value
    }
    if let known { return known }
    let value = try open()
    state.withLock { state in
      state.openedCount += 1
      guard state.keeps else { return }
      state[keyPath: list].append(Entry(place: files, computing: computing, value: value))
      while Self.isTooMuch(state[keyPath: list].map(\.place)) { state[keyPath: list].removeFirst() }
    }
    return value
  }

  private static func isTooMuch(_ places: [ModelFiles]) -> Bool {
    let memory = min(ProcessInfo.processInfo.physicalMemory, ControlGroup.own.memory ?? .max)
    return places.count > most
      || (places.count > fewest && places.reduce(0) { $0 + $1.bytes } > Int(memory / 4))
  }
}

/// The files that a model is opened from: equal as long as none of them was replaced or written to.
struct ModelFiles: Equatable {
  private struct File: Equatable {
    let name: String
    let device, number: UInt64
    let size, seconds, nanoseconds: Int
  }

  let path: String
  private let files: [File]
  var bytes: Int { files.reduce(0) { $0 + $1.size } }

  /// Of a folder all that it holds, links followed; or of a file itself.
  init(_ place: URL) {
    path = place.standardizedFileURL.path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted()
    files = (names ?? [""]).compactMap { [path] name in
      var status = stat()
      guard stat(name.isEmpty ? path : "\(path)/\(name)", &status) == 0 else { return nil }
      #if canImport(Darwin)
        let changed = status.st_ctimespec
      #else
        let changed = status.st_ctim
      #endif
      return File(
        name: name, device: UInt64(truncatingIfNeeded: status.st_dev),
        number: UInt64(truncatingIfNeeded: status.st_ino), size: Int(status.st_size), seconds: changed.tv_sec,
        nanoseconds: changed.tv_nsec)
    }
  }
}
