import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport

/// The kinds of tries that are made by size, by servers, by links and through reports.
extension Attack {
  // MARK: Work that grows faster than its input

  static func growth(_ draw: inout Draw) throws -> Attack {
    let size = 1 << (14 + draw.pick(6))
    func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    func file(_ name: String, _ text: String, _ command: [String]) -> Attack {
      Attack(
        name: name, arguments: command, prepare: { try Data(text.utf8).write(to: $0.appending(path: name)) })
    }
    let mark = "a" + times("\u{301}", size)
    let tensors = (0..<size / 16).map { RawSafetensors.entry("t\($0)", "F32", "[0]", 0, 0) }
    let lists =
      #""seeds": [\#((0..<size / 4).map(String.init).joined(separator: ","))], "#
      + #""vectorCounts": [\#((1..<500).map(String.init).joined(separator: ","))],"#
    var attack = draw.one([
      Attack(arguments: [
        "evaluate", "--model", "model", "--facts", "facts", "--template", times("[", 100_000),
      ]),
      Attack(arguments: [
        "evaluate", "--model", "model", "--facts", "facts", "--template", "[X] [Y]" + times("[V]", 30_000),
      ]),
      Attack(arguments: [
        "evaluate", "--model", "model", "--facts", "facts", "--template",
        "[X] [Y] " + "a" + times("\u{301}", 50_000),
      ]),
      Attack(arguments: carry + (0..<5000).map { "--set=a\($0)=1" }),
      file("task.json", times("[", size), ask + ["task.json"]),
      file("task.json", "{" + times("\"a\": {", size) + times("}", size + 1), ask + ["task.json"]),
      file("task.json", #"{"name": "\#(times("\\u00e9", size))"}"#, ask + ["task.json"]),
      file("task.json", "{\"a\": " + times("9", size) + "}", ask + ["task.json"]),
      file(
        "task.json", "{" + (0..<size / 8).map { "\"\($0)\": 1" }.joined(separator: ",") + "}",
        ask + ["task.json"]),
      file("f.jsonl", times(#"{"sub_label": "a", "obj_label": "b"}"# + "\n", size / 8), ask + ["f.jsonl"]),
      file("f.jsonl", #"{"sub_label": "\#(times("a ", size))", "obj_label": "paris"}"#, ask + ["f.jsonl"]),
      file("f.jsonl", #"{"sub_label": "\#(mark)", "obj_label": "paris"}"#, ask + ["f.jsonl"]),
      file(
        "f.csv", "subject,object\n" + (0..<size / 4).map { "s\($0),paris" }.joined(separator: "\n"),
        ask + ["f.csv"]),
      file("f.csv", "subject,object\na,\"" + times("x\n", size), ask + ["f.csv"]),
      file("f.csv", times("subject,", size) + "object\n", ask + ["f.csv"]),
      file(
        "w.txt", (0..<size).map { "w\($0)" }.joined(separator: "\n"),
        ask + ["facts", "--vocabulary", "w.txt"]),
      file(
        "w.txt", (0..<size).map { "w\($0)" }.joined(separator: "\n") + "\nparis",
        carry + ["--anchors", "w.txt"]),
      file("w.txt", mark + "\nparis", ask + ["facts", "--vocabulary", "w.txt"]),
      file(
        "model/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" + (0..<size).map { "w\($0)\n" }.joined(),
        ask + ["facts"]),
      file("model/vocab.txt", times("[UNK]\n", size), ask + ["facts"]),
      Attack(
        arguments: ["inspect", "p"],
        prepare: {
          try RawSafetensors.file("{" + tensors.joined(separator: ",") + "}").write(
            to: $0.appending(path: "p"))
        }),
      Attack(
        arguments: ["experiment", "status", "grid.json"],
        prepare: { folder in
          let text = AttackWorld.grid("linear", "capital").replacing("\"pairs\"", with: lists + " \"pairs\"")
          try Data(text.utf8).write(to: folder.appending(path: "grid.json"))
        }),
    ])
    attack.name = "\(attack.name) of \(size)"
    return attack
  }

  // MARK: A hostile Hub

  static func hub(_ draw: inout Draw) throws -> Attack {
    let text = draw.one(texts.filter { !$0.contains("\0") && $0.utf8.count < 50_000 })
    let header = text.replacing("\n", with: " ").replacing("\r", with: " ")
    let (quotedText, number) = (String(decoding: JSON.string(text).text, as: UTF8.self), draw.one(values))
    // What is less than ten minutes would be waited for.
    let wait = draw.one(values.filter { Double($0).map { !(1..<601).contains($0) } ?? true })
    let answers: [@Sendable (HubServer) -> Void] = [
      { server in
        let page =
          #"[{"type": "file", "oid": "0", "size": \#(number), "path": "config.json", "lfs": {"oid": "0", "size": \#(number)}}]"#
        server.fail("/tree/", .answer(200, [:], Data(page.utf8)))
      },
      { server in
        let file =
          #"{"type": "file", "oid": "\#(String(repeating: "a", count: 40))", "size": 2, "path": \#(quotedText)}"#
        let names = ["config.json", "vocab.txt", "model.safetensors"].map {
          #"{"type": "file", "oid": "\#(String(repeating: "a", count: 40))", "size": 2, "path": "\#($0)"}"#
        }
        server.fail("/tree/", .answer(200, [:], Data("[\(([file] + names).joined(separator: ","))]".utf8)))
      },
      {
        $0.fail("/revision/", .answer(200, [:], Data(#"{"id": \#(quotedText), "sha": \#(quotedText)}"#.utf8)))
      },
      { $0.fail("/revision/", .answer(200, [:], Data("{\"sha\": \(number)}".utf8))) },
      { server in
        let next = ["Link": "<\(server.endpoint)/api/models/org/name/tree/main?cursor=1>; rel=\"next\""]
        for _ in 0..<5000 { server.fail("/tree/", .answer(200, next, Data("[]".utf8))) }
      },
      { server in
        server.fail("/tree/", .answer(200, ["Link": "<\(header)>; rel=\"next\""], Data("[]".utf8)))
      },
      { $0.fail("/revision/", .endless(200)) }, { $0.fail("/revision/", .endless(302, ["Location": "/x"])) },
      { $0.fail("/tree/", .endless(404, ["X-Error-Message": header])) },
      { $0.fail("/resolve/", .endless(200)) },
      { $0.fail("/resolve/", .endless(302, ["Location": "/x"])) },
      { $0.fail("/revision/", .status(200, ["Content-Encoding": "gzip"])) },
      { $0.fail("/tree/", .answer(200, ["Content-Encoding": "br"], Data([0x1F, 0x8B]))) },
      { $0.fail("/revision/", .status(401, ["WWW-Authenticate": "Basic realm=\"\(header)\""])) },
      { $0.fail("/revision/", .status(429, ["Retry-After": wait])) },
      { $0.fail("/revision/", .status(429, ["RateLimit": "\"\(header)\";r=0;t=9223372036854775807"])) },
      { $0.fail("/revision/", .status(403, ["X-Error-Message": header, "X-Error-Code": header])) },
      { $0.fail("/resolve/", .status(404, ["X-Error-Message": header, "X-HF-Warning": header])) },
      { $0.fail("/revision/", .status(307, ["Location": header])) },
      { $0.fail("/resolve/", .status(302, ["Location": "file:///etc/passwd"])) },
      { $0.fail("/resolve/", .status(302, ["Location": "http://user:hunter2@127.0.0.1:1/"])) },
      { server in
        for _ in 0..<30 {
          server.fail("/revision/", .status(302, ["Location": server.endpoint + "/revision/\(header)"]))
        }
      },
      {
        $0.fail(
          "/resolve/",
          .answer(
            200, ["ETag": header, "X-Linked-Etag": header, "X-Linked-Size": number, "X-Repo-Commit": header],
            Data("{}".utf8)))
      },
      { $0.fail("/resolve/", .otherCommit) }, { $0.fail("/revision/", .portal) },
      { server in for _ in 0..<9 { server.fail("/resolve/", .tooMuch) } },
      { $0.fail("/storage/", .status(416)) },
      {
        $0.fail(
          "/storage/", .answer(206, ["Content-Range": "bytes \(number)-\(number)/\(number)"], Data("x".utf8)))
      },
      { $0.fail("/revision/", .stall(3)) }, { $0.fail("/revision/", .trickle(1, seconds: 0.01)) },
      { $0.fail("/revision/", .answer(200, [:], Data(String(repeating: "[", count: 200_000).utf8))) },
      {
        $0.fail("/tree/", .answer(200, ["X-\(String(repeating: "x", count: 50_000))": "y"], Data("[]".utf8)))
      },
    ]
    let place = draw.pick(answers.count)
    let answer = answers[place]
    let isHostileFile = draw.chance(4)
    return Attack(
      name: "answer \(place) \(text.prefix(30).debugDescription) \(number)",
      arguments: draw.one([
        ["fetch", "org/name"], ["fetch", "org/name", "--embeddings-only"], ["inspect", "org/name"],
      ]),
      serve: { server in
        var repository = HubRepository()
        repository.add("config.json", TinyCheckpoint().configurationText)
        repository.add("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
        let folder = try TemporaryFolder()
        try TinyCheckpoint().write(to: folder.url)
        repository.add(
          "model.safetensors", try Data(contentsOf: folder.url.appending(path: "model.safetensors")))
        if isHostileFile {
          repository.add("model.safetensors.index.json", #"{"weight_map": {"a": \#(quotedText)}}"#)
          repository.files["model.safetensors"] = nil
        }
        server.set(repository, as: "org/name")
        answer(server)
      },
      check: { folder, said in
        var faults = said.contains("hunter2") ? ["shows a password"] : []
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        faults += names.filter { $0.hasSuffix(".incomplete") || $0.hasPrefix("escaped") }.map { "left \($0)" }
        return faults
      }, seconds: 40)
  }

  // MARK: Links

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

  // MARK: Reports

  /// An experiment whose labels and answers are hostile, and what is made of it.
  static func reports(_ draw: inout Draw) throws -> Attack {
    let text = draw.one(texts.filter { !$0.contains("\0") && !$0.isEmpty && $0.utf8.count < 20_000 })
    let subject = draw.one(texts.filter { $0.utf8.count < 20_000 })
    return Attack(
      name: "\(text.prefix(20).debugDescription) and \(subject.prefix(20).debugDescription)", arguments: [],
      prepare: { folder in
        try Data(AttackWorld.grid(text, "capital").utf8).write(to: folder.appending(path: "grid.json"))
        let quoted = String(decoding: JSON.string(subject).text, as: UTF8.self).trimmingCharacters(
          in: .newlines)
        let fact = #"{"sub_label": \#(quoted), "obj_label": "paris", "predicate_id": "capital"}"#
        for split in ["train", "dev", "test"] {
          let file = folder.appending(path: "relations/capital/\(split).jsonl")
          try (try Data(contentsOf: file) + Data("\n\(fact)".utf8)).write(to: file)
        }
      },
      script:
        "\"$0\" experiment run grid.json -o r --quiet > out && exec \"$0\" experiment report grid.json -o r --quiet",
      check: { folder, _ in
        let report = folder.appending(path: "r/report")
        let names = FileManager.default.enumerator(atPath: report.path)?.compactMap { $0 as? String } ?? []
        return names.flatMap { name -> [String] in
          guard let text = try? String(contentsOf: report.appending(path: name), encoding: .utf8) else {
            return []
          }
          var faults: [String] = []
          let steering = text.unicodeScalars.first { $0 != "\n" && $0 != "\r" && VisibleText.steers($0) }
          if let steering { faults.append("\(name) holds U+\(String(steering.value, radix: 16))") }
          // Code stands in Markdown as it is, indented; tables hold text as it is.
          let prose = text.split(separator: "\n").filter { name != "report.md" || !$0.hasPrefix("    ") }
          if !name.hasPrefix("tables/"), prose.contains(where: { $0.contains("<script>alert") }) {
            faults.append("\(name) holds a script")
          }
          guard name.hasSuffix(".csv") else { return faults }
          let cells = text.split(separator: "\n").flatMap { $0.split(separator: ",") }
          faults += cells.filter { cell in
            let bare = cell.drop { $0 == "\"" }
            return bare.first.map { "=+-@".contains($0) } == true && Double(bare) == nil
          }.map { "\(name) has the formula \($0.prefix(40))" }
          return faults
        }
      }, seconds: 40)
  }

  // MARK: Streams

  /// What comes on standard input, to a session and where a file is meant, and outputs that take nothing.
  static func streams(_ draw: inout Draw) throws -> Attack {
    let endless = draw.one(["/dev/zero", "/dev/full", "/proc/self/mem", "/dev/null", "."])
    let isSession = draw.chance(2)
    guard isSession else {
      let command = draw.one([
        ask + ["-"], ask + ["/dev/stdin"], ask + ["facts", "--vocabulary", "/dev/stdin"], ["inspect", "-"],
        ["inspect", "/dev/stdin"], carry + ["--anchors", "/dev/stdin"],
        ["experiment", "status", "/dev/stdin"],
        ["convert", "/dev/stdin", "-o", "q.npy"],
        ["convert", "p", "-o", "/dev/full", "--to", "npy"],
      ])
      return Attack(
        name: "\(command.joined(separator: " ")) from \(endless)", arguments: command,
        script: "exec \"$0\" \"$@\" < \(endless)")
    }
    let (text, value) = (draw.one(texts), draw.one(values))
    let json = String(decoding: JSON.string(text).text, as: UTF8.self).trimmingCharacters(in: .newlines)
    let lines = [
      #"{"protocol": 1, "id": \#(value), "arguments": ["inspect", "model"]}"#,
      #"{"protocol": \#(value), "id": 1, "arguments": ["inspect", "model"]}"#,
      #"{"protocol": 1, "id": 1, "arguments": [\#(json)]}"#,
      #"{"protocol": 1, "id": 1, "arguments": \#(value)}"#,
      #"{"protocol": 1, "id": 1, "arguments": ["inspect", \#(json)]}"#,
      #"{"protocol": 1, "id": 1, "arguments": ["inspect", "model"], "folder": \#(json)}"#,
      #"{"protocol": 1, "id": 1, "arguments": ["session"]}"#, #"{"cancel": \#(value)}"#, #"{\#(json): 1}"#,
      text, value,
      String(repeating: "[", count: 100_000), String(repeating: "x", count: 17 << 20),
    ]
    let sent = (0..<1 + draw.pick(5)).map { _ in draw.one(lines) }
    return Attack(
      name: "session of \(sent.map { $0.prefix(40) })", arguments: ["session"],
      prepare: {
        try Data((sent.joined(separator: "\n") + "\n").utf8).write(to: $0.appending(path: "requests"))
      },
      script: "exec \"$0\" \"$@\" < requests",
      check: { _, said in
        said.split(separator: "\n").compactMap { line in
          (try? JSON.parse(Data(line.utf8)))?.members == nil ? "says \(line.prefix(100))" : nil
        }
      })
  }
}
