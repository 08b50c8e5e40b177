import Foundation

/// The published models that `make real` fetches, which no repository holds: in `PROMPTFERRY_REAL`, else `models/real`.
package enum RealModels {
  package static let names = ["gemma3", "smollm2"]

  package static let folder: URL =
    ProcessInfo.processInfo.environment["PROMPTFERRY_REAL"].map { URL(filePath: $0) }
    ?? Fixtures.repository.appending(path: "models/real")

  private static let files = [
    "gemma3": "gemma-3-270m.Q4_K_M.gguf", "smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf",
  ]

  /// Where the model is, whether or not it is there.
  package static func url(_ name: String) -> URL { folder.appending(path: files[name] ?? name) }

  package static var areThere: Bool { names.allSatisfy { Fixtures.exists(url($0)) } }

  package static let skipped = """
    SKIPPED: no real models in models/real and no PROMPTFERRY_REAL; run `make real` to check against published models
    """

  /// What transformers makes of the model (scripts/checks/real_digests.py).
  package struct Digests: Decodable {
    package let lines, ids, vocabularySize: Int
    package let digest, sha256: String
    package let tensors: [String: String]
  }

  package static func digests(_ name: String) throws -> Digests {
    let url = Fixtures.folder.appending(path: "real/\(name).json")
    return try JSONDecoder().decode(Digests.self, from: Data(contentsOf: url))
  }
}
