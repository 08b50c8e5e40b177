import Foundation

/// Finds the files of a split of facts.
enum FactFiles {
  /// The relations that lie side by side in a folder; else what is there itself.
  static func relations(_ url: URL) throws -> [URL] {
    let files = try find(url, split: .train)
    return files.count == 1 ? [url] : files.map { $0.deletingLastPathComponent() }
  }

  /// `train.jsonl`, `dev.jsonl` or `test.jsonl` of a folder, of all its subfolders when it holds none itself (relations side
  /// by side, as in LAMA), or one `.jsonl` file, which is then every split.
  static func find(_ url: URL, split: ExampleSet.Split) throws -> [URL] {
    func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw TransferError(
        url.path, "is not there", hint: "Facts are a folder, or a .jsonl, .csv or .tsv file")
    }
    guard isFolder.boolValue else { return [url] }
    let name = "\(split.rawValue).jsonl"
    let own = url.appendingPathComponent(name)
    if exists(own) { return [own] }
    let folders = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
      .map { url.appendingPathComponent($0) }
      .filter { folder in
        ExampleSet.Split.allCases.contains { exists(folder.appendingPathComponent("\($0.rawValue).jsonl")) }
      }
    guard !folders.isEmpty else {
      throw TransferError(
        url.path, "holds no \(name)", hint: "A folder of facts holds train.jsonl, dev.jsonl and test.jsonl")
    }
    let below = folders.map { $0.appendingPathComponent(name) }
    if let missing = below.first(where: { !exists($0) }) {
      throw TransferError(missing.path, "is missing, where the other relations have theirs")
    }
    return below
  }
}
