import Foundation

/// Things that are no files, and files that are cut and changed.
extension Attack {
  static func files(_ draw: inout Draw) throws -> Attack {
    let (path, command) = draw.one(
      UnboundedReadingTests.places + [
        ("table.csv", "\(UnboundedReadingTests.ask) table.csv"),
        ("t.jsonl", "\(UnboundedReadingTests.ask) task.json"),
        ("model/model.safetensors", "inspect model"), ("bin/pytorch_model.bin", "inspect bin"),
        ("model", "inspect model"), ("facts", "\(UnboundedReadingTests.ask) facts"),
        ("templates.jsonl", "experiment run grid.json -o out"), ("hf", "fetch org/name"),
      ])
    let kind = draw.one([
      "fifo", "sparse 20 GB", "sparse 1 TB", "loop", "dangling", "/dev/zero", "/dev/full", "/dev/null",
      "/dev/tty", "/proc/self/mem",
      "socket", "empty", "folder", "unreadable",
    ])
    return Attack(
      name: "\(kind) as \(path)", arguments: command.split(separator: " ").map(String.init),
      prepare: { folder in
        let file = folder.appending(path: path, directoryHint: .notDirectory)
        try? FileManager.default.removeItem(at: file)
        switch kind {
        case "fifo": _ = mkfifo(file.path, 0o600)
        case "sparse 20 GB": try sparse(file, 20 << 30)
        case "sparse 1 TB": try sparse(file, 1 << 40)
        case "loop":
          try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: file.path)
        case "dangling":
          try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "nowhere")
        case "socket": try unixSocket(file)
        case "empty": try Data().write(to: file)
        case "folder": try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
        case "unreadable":
          try Data("x".utf8).write(to: file)
          try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file.path)
        default: try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: kind)
        }
      })
  }

  static func sparse(_ url: URL, _ size: UInt64) throws {
    try Data().write(to: url)
    let file = try FileHandle(forWritingTo: url)
    try file.truncate(atOffset: size)
    try file.close()
  }

  /// Bound and closed: what is left is its name. Where the path is too long for one, nothing is.
  static func unixSocket(_ url: URL) throws {
    #if os(Linux)
      let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let socket = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(url.path.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// Files cut short, and with bytes changed.
  static func cuts(_ draw: inout Draw) throws -> Attack {
    let (path, command) = draw.one([
      ("p", ["inspect", "p"]), ("p", carry), ("p.npy", ["inspect", "p.npy"]),
      ("model/config.json", ["inspect", "model"]),
      ("model/model.safetensors", ask + ["facts"]), ("model/vocab.txt", ask + ["facts"]),
      ("model.gguf", ["inspect", "model.gguf"]),
      ("bin/pytorch_model.bin", ["inspect", "bin"]), ("adapter/adapter_config.json", ["inspect", "adapter"]),
      ("adapter/adapter_model.safetensors", ["inspect", "adapter"]), ("task.json", ask + ["task.json"]),
      ("table.csv", ask + ["table.csv"]),
      ("t.jsonl", ask + ["task.json"]), ("grid.json", ["experiment", "status", "grid.json"]),
      ("facts/test.jsonl", ask + ["facts"]),
    ])
    let (place, length, isCut) = (draw.pick(1 << 20), 1 + draw.pick(12), draw.chance(2))
    let bytes = (0..<length).map { _ in UInt8(draw.pick(256)) }
    return Attack(
      name: "\(path) \(isCut ? "cut" : "changed") at \(place)", arguments: command,
      prepare: { folder in
        let file = folder.appending(path: path)
        var data = try Data(contentsOf: file)
        let start = place % min(data.count, place % 3 == 0 ? data.count : 600)
        if isCut {
          data = data.prefix(start)
        } else {
          data.replaceSubrange(start..<min(data.count, start + length), with: bytes)
        }
        try data.write(to: file)
      })
  }
}
