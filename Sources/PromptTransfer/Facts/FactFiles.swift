import Formats
import Foundation

/// Finds the files of a split of facts.
enum FactFiles {
  /// Files of other programs, by their endings.
  private static let others = [
    "xlsx": "an Excel workbook", "xls": "an Excel workbook", "ods": "a spreadsheet",
    "numbers": "a spreadsheet",
    "parquet": "a Parquet file", "arrow": "an Arrow file", "feather": "an Arrow file", "pkl": "a pickle",
    "gz": "compressed", "bz2": "compressed", "xz": "compressed", "zst": "compressed", "zip": "an archive",
    "tar": "an archive", "db": "a database", "sqlite": "a database", "xml": "XML", "yaml": "YAML",
    "yml": "YAML",
    "safetensors": "a file of weights", "bin": "a file of weights", "npy": "a file of vectors",
  ]

  /// Throws for what is no text of facts by its name or its first bytes.
  static func refuseOthers(_ url: URL) throws(TransferError) {
    let start = FileStart.read(url, 4) ?? Data()
    let isZip = start == Data([0x50, 0x4B, 0x03, 0x04])
    guard
      let kind = others[url.pathExtension.lowercased()] ?? (isZip ? "an Excel workbook or an archive" : nil)
    else {
      return
    }
    let hint =
      kind == "compressed" || kind == "an archive"
      ? "Unpack it first" : "Save it as CSV with the columns subject and object, or as .jsonl"
    throw TransferError(url.path, "is \(kind), which is not read", hint: hint)
  }

  /// The relations that lie side by side in a folder; else what is there itself.
  static func relations(_ url: URL, _ split: ExampleSet.Split) throws -> [URL] {
    let files = try find(url, split: split)
    if files.count > 1, files.allSatisfy({ $0.lastPathComponent != "\(split.rawValue).jsonl" }) {
      return files
    }
    let folders = files.map { $0.deletingLastPathComponent() }
    let isOne = files == [url] || folders.map(\.standardizedFileURL.path) == [url.standardizedFileURL.path]
    return isOne ? [url] : folders
  }

  /// `train.jsonl`, `dev.jsonl` or `test.jsonl` of a folder, of all its subfolders when it holds none itself (relations side
  /// by side, as in LAMA), or one `.jsonl` file, or BEAR's folder of them, which are then every split.
  static func find(_ url: URL, split: ExampleSet.Split) throws -> [URL] {
    func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw TransferError(
        url.path, "is not there", hint: "Facts are a folder, or a .jsonl, .csv or .tsv file")
    }
    guard isFolder.boolValue else {
      try refuseOthers(url)
      return [url]
    }
    let name = "\(split.rawValue).jsonl"
    let own = url.appendingPathComponent(name)
    if exists(own) { return [own] }
    if let metadata = try RelationMetadata(in: url) { return try metadata.files() }
    let folders = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
      .map { url.appendingPathComponent($0) }
      .filter { folder in
        ExampleSet.Split.allCases.contains { exists(folder.appendingPathComponent("\($0.rawValue).jsonl")) }
      }
    guard !folders.isEmpty else {
      let table = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
        .first { FactTable.isOne(url.appendingPathComponent($0)) }
      throw TransferError(
        url.path, "holds no \(name)",
        hint: table.map { "Give the table itself: \(url.appendingPathComponent($0).relativePath)" }
          ?? "A folder of facts holds train.jsonl, dev.jsonl and test.jsonl")
    }
    let below = folders.map { $0.appendingPathComponent(name) }
    if let missing = below.first(where: { !exists($0) }) {
      throw TransferError(missing.path, "is missing, where the other relations have theirs")
    }
    return below
  }
}
