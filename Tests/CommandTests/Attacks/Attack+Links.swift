import Foundation

/// Links in a model's folder.
extension Attack {
  /// Copies of a model, where things lie in its folder that are none of it.
  static func links(_ draw: inout Draw) throws -> Attack {
    let (name, kind) = (
      draw.one([
        "notes.txt", "secret.json", "tokenizer.model", "special_tokens_map.json", "chat_template.jinja",
        "generation_config.json",
        "vocab.txt", "folder", "added_tokens.json",
      ]),
      draw.one(["link", "link to a link", "folder", "fifo", "sparse", "absolute link", "link to a folder"])
    )
    return Attack(
      name: "\(kind) as \(name)",
      arguments: ["convert", "p", "-o", "q", "--to", "checkpoint", "--model", "model"],
      prepare: { folder in
        let file = folder.appending(path: "model/\(name)", directoryHint: .notDirectory)
        try Data("SECRET".utf8).write(to: folder.appending(path: "secret"))
        try FileManager.default.createDirectory(
          at: folder.appending(path: "secrets"), withIntermediateDirectories: true)
        try Data("SECRET".utf8).write(to: folder.appending(path: "secrets/a.json"))
        try? FileManager.default.removeItem(at: file)
        func link(_ target: String) throws {
          try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: target)
        }
        switch kind {
        case "link": try link("../secret")
        case "absolute link": try link(folder.appending(path: "secret").path)
        case "link to a folder": try link("../secrets")
        case "link to a link":
          try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: "model/between.json").path, withDestinationPath: "../secret")
          try link("between.json")
        case "folder":
          try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
          try Data("SECRET".utf8).write(to: file.appending(path: "a.json"))
        case "fifo": _ = mkfifo(file.path, 0o600)
        default:
          try Data().write(to: file)
          let sparse = try FileHandle(forWritingTo: file)
          try sparse.truncate(atOffset: 1 << 40)
          try sparse.close()
        }
      },
      check: { folder, _ in
        let copy = folder.appending(path: "q")
        let names = FileManager.default.enumerator(atPath: copy.path)?.compactMap { $0 as? String } ?? []
        return names.compactMap { name in
          let text = FileManager.default.contents(atPath: copy.appending(path: name).path) ?? Data()
          return text.range(of: Data("SECRET".utf8)) == nil ? nil : "\(name) holds the secret"
        }
      })
  }
}
