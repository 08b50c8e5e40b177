import Formats
import Foundation

/// The files of a repository at one commit, as the Hub lists them.
struct FileListing: Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    let size: Int
    /// SHA-1 of the git blob: of the pointer, for a file in LFS.
    let blob: String
    let lfs: String?
    let xet: String?

    /// The content's hash, and so its blob's name. Nil where the Hub's answer cannot be one.
    var hash: ContentHash? { lfs.map { ContentHash(sha256: $0) } ?? ContentHash(gitBlob: blob) }
  }

  private(set) var entries: [String: Entry] = [:]

  /// Sums of what is larger might not fit; the Hub's limit is far below.
  private static let sizeLimit = 1 << 44

  var names: Set<String> { Set(entries.keys) }

  /// Adds a page of `/api/models/…/tree/…`; false where it is none.
  mutating func add(page: JSON) -> Bool {
    guard let items = page.array else { return false }
    for item in items where item["type"]?.string == "file" {
      let lfs = item["lfs"]
      guard let path = item["path"]?.string, let blob = item["oid"]?.string,
        let size = (lfs?["size"] ?? item["size"])?.int, (0...Self.sizeLimit).contains(size)
      else { return false }
      entries[path] = Entry(size: size, blob: blob, lfs: lfs?["oid"]?.string, xet: item["xetHash"]?.string)
    }
    return true
  }

  init() {}

  // MARK: On disk, as Python's client keeps it

  private static let version = 1

  /// Nil for anything but a listing of the version that is known.
  init?(file: JSON) {
    guard file["format_version"]?.int == Self.version, let members = file["files"]?.members else {
      return nil
    }
    for member in members {
      let value = member.value
      guard let size = (value["lfs_size"] ?? value["size"])?.int, (0...Self.sizeLimit).contains(size),
        let blob = value["blob_id"]?.string
      else { return nil }
      entries[member.key] = Entry(
        size: size, blob: blob, lfs: value["lfs_sha256"]?.string, xet: value["xet_hash"]?.string)
    }
  }

  /// The bytes that Python's `json.dump(…, indent=1)` writes.
  var file: Data {
    let files = entries.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
      .map { path, entry in
        var fields = ["\"size\": \(entry.size)", "\"blob_id\": \(Self.quoted(entry.blob))"]
        if let lfs = entry.lfs {
          fields += ["\"lfs_sha256\": \(Self.quoted(lfs))", "\"lfs_size\": \(entry.size)"]
        }
        if let xet = entry.xet { fields.append("\"xet_hash\": \(Self.quoted(xet))") }
        return "  \(Self.quoted(path)): {\n   " + fields.joined(separator: ",\n   ") + "\n  }"
      }
    let body = files.isEmpty ? "{}" : "{\n" + files.joined(separator: ",\n") + "\n }"
    return Data("{\n \"format_version\": \(Self.version),\n \"files\": \(body)\n}".utf8)
  }

  /// In JSON with nothing but ASCII.
  private static func quoted(_ text: String) -> String {
    let short: [UInt16: String] = [
      8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: "\\\"", 92: "\\\\",
    ]
    let units = text.utf16.map { unit in
      short[unit]
        ?? ((0x20..<0x7F).contains(unit)
          ? String(UnicodeScalar(UInt8(unit))) : String(format: "\\u%04x", Int(unit)))
    }
    return "\"" + units.joined() + "\""
  }
}
