import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport

/// The kinds of tries that are made on files and arguments.
extension Attack {
  /// Numbers near the limits of all that a number may go into.
  static let numbers = [
    "-1", "0", "1", "2", "255", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "4294967297",
    "4611686018427387904", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "18446744073709551615", "18446744073709551616", "1e308", "1e309", "-1e309",
    "1e-320", "0.5", "-0.0", "NaN", "Infinity", "-Infinity", "1e5", "1e19",
    "99999999999999999999999999999999999999999",
  ]
  static let values = numbers + ["null", "true", "\"7\"", "[]", "{}", "\"\"", "[[[[[[[[[[1]]]]]]]]]]"]

  static let words =
    [
      512, 1024, 2048, 3, 0, 1, 255, .max, .max - 1, 1 << 63, 1 << 62, 1 << 61, 1 << 40, 1 << 32,
      (1 << 32) - 1,
      (1 << 31) - 1, 1 << 31,
    ] as [UInt64]

  /// Without a NUL, which no argument can hold.
  static let texts = [
    HostileTextTests.evil, String(repeating: "y", count: 100_000),
    "a" + String(repeating: "\u{301}", count: 20_000),
    "\u{202E}gpj.exe", "../../escaped", "/tmp/../escaped", "..", ".", "~", "-", "--help", "--", "-o", "",
    " ", "\n", "\r\nError: forged", "=1+1", "@SUM(1)", "+1", "-1+1", "<script>alert(1)</script>", "|x|*y*",
    "%s%n%x%99999d", "$(touch ../escaped)", "`touch ../escaped`", "[V]", "[X] [X]", "[Y]",
    "[V]*99999999999999999999",
    "[V1] [V3]", "\u{FEFF}", "\u{E0041}\u{200D}\u{1F600}", "\u{FFFE}\u{FFFF}", "a=b=c@d@e", "zoo:", "atlas:",
    "task:",
    "hf:", "hf:a/b/c/d", "org/..", "org/name@../../x", "file:///etc/passwd", "http://a:secret@b/", "a\u{0}b",
    String(repeating: "a/", count: 2000), String(repeating: "🇫", count: 500), "con", "*", "?", "{}", "\\",
    "'\"",
  ]

  private static func quoted(_ text: String) -> String {
    // As a string within JSON text.
    String(decoding: JSON.string(text).text, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  static let ask = ["evaluate", "--model", "model", "--template", "[X] is [Y]", "--facts"]
  static let tune = ["tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "q"]
  static let carry = ["transfer", "--from", "model=p", "--to", "other", "-o", "q"]

  private static func write(_ text: String, _ path: String) -> @Sendable (URL) throws -> Void {
    { try Data(text.utf8).write(to: $0.appending(path: path)) }
  }

  // MARK: Names and texts

  static func names(_ draw: inout Draw) throws -> Attack {
    let text = draw.one(texts)
    let (json, argument) = (quoted(text), text.replacing("\0", with: ""))
    let line = argument.replacing("\n", with: " ")
    let hostile: [Attack] = [
      Attack(
        arguments: ask + ["f.jsonl"],
        prepare: write(#"{"sub_label": "france", "obj_label": "paris", "predicate_id": \#(json)}"#, "f.jsonl")
      ),
      Attack(
        arguments: ask + ["f.jsonl"],
        prepare: write(#"{"sub_label": \#(json), "obj_label": \#(json)}"#, "f.jsonl")),
      Attack(arguments: ask + ["f.csv"], prepare: write("\(line),object\na,b\n", "f.csv")),
      Attack(
        arguments: ask + ["f.csv"],
        prepare: write("subject,object,relation\n\(line),paris,\(line)\n", "f.csv")),
      Attack(
        arguments: ["tune", "--model", "model", "--facts", "f.csv", "--epochs", "1", "-o", "out/"],
        prepare: write("subject,object,relation\nfrance,paris,\(line)\nitaly,rome,\(line)\n", "f.csv")),
      Attack(
        arguments: ask + ["facts", "--vocabulary", "w.txt"], prepare: write(argument + "\nparis\n", "w.txt")),
      Attack(
        arguments: carry + ["--anchors", "w.txt"], prepare: write(argument + "\nparis\nrome\n", "w.txt")),
      Attack(arguments: ["evaluate", "--model", "model", "--template", argument, "--facts", "facts"]),
      Attack(arguments: ask + [argument]), Attack(arguments: ask + [argument + ".csv"]),
      Attack(arguments: ask + ["facts", "--predictions", argument]),
      Attack(arguments: ask + ["facts", "--" + argument, "1"]),
      Attack(arguments: ["inspect", argument]), Attack(arguments: ["fetch", argument]),
      Attack(arguments: ["list", argument]), Attack(arguments: [argument]),
      Attack(arguments: ["experiment", "status", argument]),
      Attack(arguments: ["convert", argument, "-o", "q.npy"]),
      Attack(arguments: ["convert", "p", "-o", "q", "--to", argument]),
      Attack(arguments: ["transfer", "--from", "model=p", "--to", argument, "-o", "q"]),
      Attack(arguments: ["transfer", "--from", argument, "--to", "other", "-o", "q"]),
      Attack(arguments: carry + ["--method", argument]), Attack(arguments: carry + ["--set", argument]),
      Attack(arguments: tune + ["--init", argument]),
      Attack(
        arguments: ["inspect", "model"],
        prepare: edited("model/config.json", "\"bert\"", json)),
      Attack(
        arguments: ask + ["facts"], prepare: edited("model/config.json", "\"gelu\"", json)),
      Attack(
        arguments: ["inspect", "model"],
        prepare: { folder in
          var checkpoint = TinyCheckpoint(vocabulary: 16, positions: 96)
          checkpoint.tensors[text] = Matrix(rows: 1, columns: 1)
          try checkpoint.write(to: folder.appending(path: "model"))
        }),
      Attack(
        arguments: ["inspect", "named"],
        prepare: { folder in
          let metadata = [
            "format": "promptferry.prompt", "version": "1", "space": "embedding-row", "model": text,
            text: text,
            "template": "[X] [V]*5 [Y] \(text)", "embeddingSHA256": String(repeating: "0", count: 64),
          ]
          let vectors = ["vectors": Matrix(rows: 5, columns: 8, Array(repeating: 0.1, count: 40))]
          try SafetensorsFile.serialize(vectors, metadata: metadata).write(
            to: folder.appending(path: "named"))
        }),
      Attack(
        arguments: ["tune", "--model", "model", "--facts", "task.json", "--epochs", "1", "-o", "out/"],
        prepare: edited("task.json", "\"task\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"a\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"is\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"t.jsonl\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"name\"", json)),
      Attack(
        arguments: ["inspect", "adapter"],
        prepare: edited("adapter/adapter_config.json", "\"CAUSAL_LM\"", json)),
      Attack(
        arguments: ["inspect", "adapter"],
        prepare: edited("adapter/adapter_config.json", "\"PROMPT_TUNING\"", json)),
      Attack(
        arguments: ["experiment", "run", "grid.json", "-o", "out"],
        prepare: { folder in
          try AttackWorld.grid(text, text).write(
            to: folder.appending(path: "grid.json"), atomically: true, encoding: .utf8)
        }),
      Attack(
        arguments: ["experiment", "status", "grid.json"], prepare: edited("grid.json", "\"grid\"", json)),
      Attack(
        arguments: ["experiment", "run", "grid.json"], prepare: edited("grid.json", "\"relations\"", json)),
      Attack(
        arguments: ["inspect", "model"], prepare: write("[PAD]\n\(argument)\n[UNK]\n", "model/vocab.txt")),
      Attack(
        arguments: ask + ["facts"],
        prepare: write(#"{"tokenizer_class": \#(json)}"#, "model/tokenizer_config.json")),
    ]
    var attack = draw.one(hostile)
    attack.name = "\(text.prefix(20).debugDescription)"
    return attack
  }

  /// A file with the first of two texts replaced by the second.
  private static func edited(_ path: String, _ from: String, _ to: String) -> @Sendable (URL) throws -> Void {
    { folder in
      let file = folder.appending(path: path)
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing(from, with: to).utf8).write(to: file)
    }
  }

  // MARK: Numbers

  static func flags(_ draw: inout Draw) throws -> Attack {
    let flags: [([String], [String])] = [
      (
        tune,
        [
          "--epochs", "--batch", "--learning-rate", "--weight-decay", "--facts-limit", "--vectors", "--seed",
          "--threads",
        ]
      ),
      (
        carry,
        [
          "--ridge", "--shrinkage", "--anchor-count", "--anchor-skip", "--mask-top", "--steps",
          "--learning-rate",
          "--hidden", "--seed", "--threads", "--normalize",
        ]
      ),
      (["convert", "p", "-o", "q.npy"], ["--rows"]),
      (
        ["distil", "--from", "model=p", "--to", "other", "--facts", "facts", "-o", "q", "--epochs", "1"],
        ["--batch", "--temperature", "--learning-rate", "--facts-limit"]
      ),
      (["transfer", "--to", "other", "-o", "q"], ["--from=model=p@"]),
      (carry, ["--set=ridge=", "--set=anchorCount=", "--set=steps=", "--set=shrinkage="]),
    ]
    let (command, names) = draw.one(flags)
    let (name, number) = (draw.one(names), draw.one(numbers))
    let arguments = name.hasSuffix("=") || name.hasSuffix("@") ? [name + number] : ["\(name)=\(number)"]
    // What is not too much for a machine may take its time.
    let isWork = ["--epochs", "--steps", "--hidden"].contains(name)
    return Attack(
      name: "\(name) \(number)", arguments: command.filter { !isWork || $0 != "q" || true } + arguments,
      seconds: 30)
  }

  static func json(_ draw: inout Draw) throws -> Attack {
    let files: [(String, [String])] = [
      ("model/config.json", ask + ["facts"]), ("model/config.json", ["inspect", "model"]),
      ("model/config.json", carry), ("adapter/adapter_config.json", ["inspect", "adapter"]),
      ("bin/config.json", ["inspect", "bin"]), ("task.json", ask + ["task.json"]),
      ("grid.json", ["experiment", "status", "grid.json"]),
      ("model/tokenizer_config.json", ask + ["facts"]),
    ]
    let (path, command) = draw.one(files)
    let added = [
      "vectorCounts", "seeds", "tuning", "initializer_range", "rope_theta", "layer_norm_eps", "vocab_size",
      "pad_token_id",
      "attention_probs_dropout_prob", "model_max_length", "num_transformer_submodules", "token_dim",
      "added_tokens_decoder",
      "quantization_config", "tie_word_embeddings", "text_config", "embedding_size",
      "max_position_embeddings",
    ]
    let (place, value, isNew, key) = (draw.pick(100), draw.one(values), draw.chance(3), draw.one(added))
    return Attack(
      name: "\(path) \(value) \(isNew ? key : "\(place)")", arguments: command,
      prepare: { folder in
        let file = folder.appending(path: path)
        guard var members = try JSON.parse(Data(contentsOf: file)).members, !members.isEmpty else { return }
        var text = members.map { (quoted($0.key), String(decoding: $0.value.text, as: UTF8.self)) }
        if isNew { text.append((quoted(key), value)) } else { text[place % text.count].1 = value }
        members = []
        try Data(("{" + text.map { "\($0.0): \($0.1)" }.joined(separator: ", ") + "}").utf8).write(to: file)
      }, seconds: 30)
  }

  static func safetensors(_ draw: inout Draw) throws -> Attack {
    let (path, command) = draw.one([
      ("p", ["inspect", "p"]), ("p", carry), ("model/model.safetensors", ["inspect", "model"]),
      ("model/model.safetensors", ask + ["facts"]),
      ("adapter/adapter_model.safetensors", ["inspect", "adapter"]),
    ])
    let (place, value, word, ofLength) = (
      draw.pick(10_000), draw.one(values), draw.one(words), draw.chance(6)
    )
    return Attack(
      name: "\(path) \(ofLength ? "\(word)" : "\(place) \(value)")", arguments: command,
      prepare: { folder in
        let file = folder.appending(path: path)
        let bytes = try Data(contentsOf: file)
        let end = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard !ofLength else {
          return try (RawGGUF.integer(word) + bytes.dropFirst(8)).write(to: file)
        }
        let header = String(decoding: bytes[8..<end], as: UTF8.self)
        let numbers = header.ranges(of: /[0-9]+/)
        let changed = header.replacingCharacters(in: numbers[place % numbers.count], with: value)
        try RawSafetensors.file(changed, data: [UInt8](bytes[end...])).write(to: file)
      })
  }

  static func gguf(_ draw: inout Draw) throws -> Attack {
    let command = draw.one([
      ["inspect", "model.gguf"],
      ["evaluate", "--model", "model.gguf", "--template", "[X] is [Y]", "--facts", "facts"],
      ["convert", "p", "-o", "q.gguf", "--to", "llama.cpp", "--model", "model.gguf"],
    ])
    let (place, word, isWide) = (
      draw.one([4, 8, 16]) + draw.pick(4) * draw.pick(700), draw.one(words), draw.chance(2)
    )
    return Attack(
      name: "\(place) \(word)", arguments: command,
      prepare: { folder in
        let file = folder.appending(path: "model.gguf")
        var bytes = try Data(contentsOf: file)
        let new = isWide ? RawGGUF.integer(word) : RawGGUF.integer(UInt32(truncatingIfNeeded: word))
        bytes.replaceSubrange(place..<place + new.count, with: new)
        try bytes.write(to: file)
      })
  }

  static func tokenizers(_ draw: inout Draw) throws -> Attack {
    let expression = quoted(
      draw.one([
        "(a+)+$", #"(\w*)*x"#, "(a|a)*b", "(.*)*$", "(?:a?){60}a{60}", #"(\w+\s?)*!"#, "[", "(?R)",
        "a{99999999999}",
        String(repeating: "(", count: 3000),
        String(repeating: "(a?", count: 400) + String(repeating: ")", count: 400),
        "x*", "", "\\", #"\p{Foo}"#, "(?<a>b)\\k<a>", #"\X+"#, "(?i)ſ+", ".", "$^",
      ]))
    let text = quoted(draw.one(texts))
    let number = draw.one(numbers)
    let step = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#
    let part = draw.one([
      #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": \#(expression)}, "behavior": "Isolated", "invert": false}"#,
      #""normalizer": {"type": "Replace", "pattern": {"Regex": \#(expression)}, "content": "b"}"#,
      #""normalizer": {"type": "Replace", "pattern": {"String": \#(text)}, "content": \#(text)}"#,
      #""normalizer": {"type": "Prepend", "prepend": \#(text)}"#,
      #""normalizer": {"type": "Sequence", "normalizers": [\#(Array(repeating: step, count: 40).joined(separator: ","))]}"#,
      #""normalizer": \#(String(repeating: #"{"type": "Sequence", "normalizers": ["#, count: 400))\#(String(repeating: "]}", count: 400))"#,
      #""added_tokens": [{"id": \#(number), "content": \#(text), "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}]"#,
      #""pre_tokenizer": {"type": "Metaspace", "replacement": \#(text), "prepend_scheme": "always"}"#,
      #""post_processor": {"type": "BertProcessing", "sep": [\#(text), \#(number)], "cls": ["[CLS]", 2]}"#,
      #""decoder": {"type": "WordPiece", "prefix": \#(text), "cleanup": true}"#,
    ])
    let vocabulary = draw.chance(4) ? #", "x": \#(number)"# : ""
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + World.words
    let entries = words.enumerated().map { "\(quoted($1)): \($0)" }.joined(separator: ", ")
    let file =
      #"{"version": "1.0", "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {\#(entries)\#(vocabulary)}}, \#(part)}"#
    let word = String(repeating: "a", count: 5000)
    return Attack(
      name: "\(part.prefix(120)) \(vocabulary)",
      arguments: draw.one([
        ask + ["facts"], ask + ["long.jsonl"], ["inspect", "model"], carry,
        ["evaluate", "--model", "model", "--template", word + " [X] is [Y]", "--facts", "facts"],
      ]),
      prepare: { folder in
        try Data(file.utf8).write(to: folder.appending(path: "model/tokenizer.json"))
        try Data(#"{"sub_label": "\#(word)", "obj_label": "paris"}"#.utf8).write(
          to: folder.appending(path: "long.jsonl"))
      })
  }

  static func environment(_ draw: inout Draw) throws -> Attack {
    let names = [
      "HF_HOME", "HF_ENDPOINT", "HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT",
      "HF_TOKEN_PATH",
      "HF_HUB_OFFLINE", "HOME", "XDG_CACHE_HOME", "COLUMNS", "TERM", "LC_ALL", "LANG", "PATH", "TMPDIR",
      "SLURM_JOB_ID",
      "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS", "TZ",
    ]
    let values =
      texts.filter { !$0.contains("\0") && $0.utf8.count < 100_000 } + numbers + [
        "nan", "inf", "1e300", "http://u:hunter2@x:99999/",
      ]
    let (name, value) = (draw.one(names), draw.one(values))
    return Attack(
      name: "\(name) \(value.prefix(30).debugDescription)",
      arguments: draw.one([
        ["fetch", "org/name"], ["inspect", "org/name"], ["inspect", "model"], ask + ["facts"],
        ["list", "cache"],
        ["experiment", "status", "grid.json"],
      ]),
      environment: ["HF_HUB_OFFLINE": name == "HF_ENDPOINT" ? "0" : "1"].merging([name: value]) { $1 },
      check: { _, output in output.contains("hunter2") ? ["shows a password"] : [] }, seconds: 30)
  }

  // MARK: Files

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

  private static func sparse(_ url: URL, _ size: UInt64) throws {
    try Data().write(to: url)
    let file = try FileHandle(forWritingTo: url)
    try file.truncate(atOffset: size)
    try file.close()
  }

  /// Bound and closed: what is left is its name. Where the path is too long for one, nothing is.
  private static func unixSocket(_ url: URL) throws {
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
