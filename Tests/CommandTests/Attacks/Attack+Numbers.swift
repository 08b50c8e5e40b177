import Formats
import Foundation
import TestSupport

/// Numbers in options, configurations and the headers of files, and in the environment.
extension Attack {
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
}
