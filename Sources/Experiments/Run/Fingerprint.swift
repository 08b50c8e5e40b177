import Formats
import Foundation

/// SHA-256, the first 16 hexadecimal digits (64 bits): two of a billion results are alike with a chance of 3 in 100.
enum Fingerprint {
  /// Of JSON with sorted keys.
  static func of(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = (try? encoder.encode(value)) ?? Data()  // plain values: always encodable
    return String(SecureHash.sha256(bytes).prefix(16))
  }

  /// Of all files of a model: weights, configuration, tokenizer; or of its one GGUF file. Throws where one cannot be read.
  static func ofModel(_ place: URL) throws -> String {
    let place = place.resolvingSymlinksInPath()
    let endings = ["json", "safetensors", "bin", "txt", "model", "gguf"]
    let isFile = try place.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
    let files =
      try isFile
      ? [(name: "gguf", place)]
      : FileManager.default.contentsOfDirectory(atPath: place.path)
        .filter { name in endings.contains { name.hasSuffix(".\($0)") } }.sorted()
        .map { ($0, place.appendingPathComponent($0)) }
    var hash = SecureHash(.sha256)
    for (name, file) in files {
      let file = file.resolvingSymlinksInPath()
      guard (try file.resourceValues(forKeys: [.isRegularFileKey])).isRegularFile == true else { continue }
      let mapped = try MappedFile(file)
      mapped.withBytes { bytes in
        hash.update(Data("\(name) \(bytes.count)\n".utf8))
        hash.update(bytes)
        mapped.release(0..<bytes.count)
      }
    }
    return String(hash.finalize().prefix(16))
  }
}
