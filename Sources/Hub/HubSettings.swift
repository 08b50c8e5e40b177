import Formats
import Foundation

/// Where the Hub and its caches are and who asks: by the environment variables of Python's `huggingface_hub`.
public struct HubSettings: Sendable {
  public var endpoint: URL
  /// The cache that is shared with Python.
  public var cache: URL
  /// The folder in which libraries may keep what they derive.
  public var assets: URL
  public var token: String?
  public var isOffline: Bool
  /// Whether snapshots are links to blobs; else they are the files themselves.
  public var linksSnapshots: Bool
  /// Seconds without a byte after which a question, or a download, counts as failed.
  public var questionTimeout: Double
  public var downloadTimeout: Double
  public var showsProgress: Bool
  /// How many files are fetched at once.
  public var concurrency = 8

  /// Reads the variables; an empty one counts as absent.
  ///
  /// `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_ASSETS_CACHE`, `XDG_CACHE_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH`,
  /// `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`, `HF_HUB_DISABLE_SYMLINKS`, `HF_HUB_DISABLE_IMPLICIT_TOKEN`,
  /// `HF_HUB_DISABLE_PROGRESS_BARS`, `HF_HUB_ETAG_TIMEOUT`, `HF_HUB_DOWNLOAD_TIMEOUT`, and the older names
  /// `HUGGINGFACE_HUB_CACHE`, `HUGGINGFACE_ASSETS_CACHE` and `HUGGING_FACE_HUB_TOKEN`.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    let variables = Variables(values: environment)
    let home =
      variables.folder("HF_HOME")
      ?? (variables.folder("XDG_CACHE_HOME") ?? variables.home.appending(path: ".cache"))
      .appending(path: "huggingface")
    cache =
      variables.folder("HF_HUB_CACHE") ?? variables.folder("HUGGINGFACE_HUB_CACHE")
      ?? home.appending(path: "hub")
    assets =
      variables.folder("HF_ASSETS_CACHE") ?? variables.folder("HUGGINGFACE_ASSETS_CACHE")
      ?? home.appending(path: "assets")
    var address = Substring(variables["HF_ENDPOINT"] ?? "https://huggingface.co")
    while address.hasSuffix("/") { address.removeLast() }
    guard let endpoint = URL(string: String(address)), ["http", "https"].contains(endpoint.scheme),
      endpoint.hasHost
    else {
      throw HubError(
        .settings, "HF_ENDPOINT", "\(URL.withoutCredentials(String(address))) is no address",
        hint: "Give one such as https://huggingface.co")
    }
    self.endpoint = endpoint
    isOffline = variables.flag("HF_HUB_OFFLINE") ?? variables.flag("TRANSFORMERS_OFFLINE") ?? false
    linksSnapshots = !(variables.flag("HF_HUB_DISABLE_SYMLINKS") ?? false)
    showsProgress = !(variables.flag("HF_HUB_DISABLE_PROGRESS_BARS") ?? false)
    questionTimeout = try variables.seconds("HF_HUB_ETAG_TIMEOUT") ?? 10
    downloadTimeout = try variables.seconds("HF_HUB_DOWNLOAD_TIMEOUT") ?? 10
    if !(variables.flag("HF_HUB_DISABLE_IMPLICIT_TOKEN") ?? false) {
      let file = variables.folder("HF_TOKEN_PATH") ?? home.appending(path: "token")
      token =
        [
          variables["HF_TOKEN"], variables["HUGGING_FACE_HUB_TOKEN"],
          FileStart.read(file, 4096).map { String(decoding: $0, as: UTF8.self) },
        ]
        .lazy.compactMap { $0?.filter { !$0.isWhitespace } }.first { !$0.isEmpty }
    }
  }
}

/// Environment variables, read as Python's client reads them.
private struct Variables {
  let values: [String: String]

  subscript(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

  var home: URL { URL(filePath: self["HOME"] ?? NSHomeDirectory(), directoryHint: .isDirectory) }

  /// 1, on, yes and true, in any case, are true; anything else is false.
  func flag(_ name: String) -> Bool? {
    self[name].map { ["1", "on", "yes", "true"].contains($0.lowercased()) }
  }

  private static let waits = 0.1...86_400

  /// Throws for what is no number, and for waits that end before any answer or never.
  func seconds(_ name: String) throws -> Double? {
    guard let text = self[name] else { return nil }
    guard let value = Double(text), Self.waits.contains(value) else {
      throw HubError(
        .settings, name, "\(text) is no wait in seconds",
        hint: "Give a number from \(Self.waits.lowerBound) to \(Int(Self.waits.upperBound))")
    }
    return value
  }

  /// A path in which `~` and `$NAME` stand for what they stand for in a shell.
  func folder(_ name: String) -> URL? {
    guard var path = self[name] else { return nil }
    if path == "~" || path.hasPrefix("~/") { path = home.path + path.dropFirst() }
    let expanded = path.replacing(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/) { match in
      values[String(match.1 ?? match.2 ?? "")] ?? String(match.0)
    }
    return URL(filePath: expanded, directoryHint: .isDirectory)
  }
}
