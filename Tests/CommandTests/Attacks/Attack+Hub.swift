import Formats
import Foundation
import TestSupport

/// A hostile Hub.
extension Attack {
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
}
