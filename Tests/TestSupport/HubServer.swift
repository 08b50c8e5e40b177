import Foundation
import Synchronization

/// A server on this machine that speaks the Hub's protocol for repositories in memory, counts what it sends, and goes
/// wrong on demand. Large files are on a second host, as on the Hub: `localhost` beside `127.0.0.1`, on another port.
package final class HubServer: Sendable {
  /// How the next answer goes wrong.
  package enum Fault: Sendable {
    case status(Int, [String: String] = [:])
    /// Closes the connection without a word.
    case drop
    /// Promises the whole and closes the connection after so many bytes.
    case truncate(Int)
    /// Sends so many bytes and then none.
    case stall(Int)
    /// Sends so many bytes at a time, with a pause between.
    case trickle(Int, seconds: Double)
    /// Sends the whole file where a part was asked for.
    case ignoreRange
    /// Sends bytes of the right number that are not the file's.
    case wrongBytes
    /// Sends more than the file.
    case tooMuch
    /// Claims to be of another commit.
    case otherCommit
    /// Answers with a page for people, as a login portal does.
    case portal
    /// Answers so, whatever was asked.
    case answer(Int, [String: String], Data)
    /// The head of an answer, and then a body without end.
    case endless(Int, [String: String] = [:])
  }

  package struct Request: Sendable {
    package let method, path: String
    package let isStorage: Bool
    /// By lower-case name.
    package let headers: [String: String]
  }

  package enum TagForm: Sendable { case quoted, weak, bare }

  private struct State {
    var repositories: [String: HubRepository] = [:]
    var renamed: [String: String] = [:]
    var faults: [(part: String, fault: Fault)] = []
    var requests: [Request] = []
    var bytesSent = 0
    var tagForm = TagForm.quoted
    var pageSize = 1000
    var isClosed = false
  }

  private let state = Mutex(State())
  private let hub: Listener
  private let storage: Listener

  package init() throws {
    signal(SIGPIPE, SIG_IGN)
    hub = try Listener()
    storage = try Listener()
    for (listener, isStorage) in [(hub, false), (storage, true)] {
      Thread.detachNewThread { [weak self] in
        while let connection = listener.accept() {
          Thread.detachNewThread { [weak self] in self?.serve(connection, isStorage: isStorage) }
        }
        listener.close()
      }
    }
  }

  deinit {
    hub.stop()
    storage.stop()
  }

  package var endpoint: String { "http://127.0.0.1:\(hub.port)" }
  package var storageAddress: String { "http://localhost:\(storage.port)" }
  /// The second host under the first one's name: another port of the same host.
  package var otherPort: String { "http://127.0.0.1:\(storage.port)" }
  package var requests: [Request] { state.withLock { $0.requests } }
  package var bytesSent: Int { state.withLock { $0.bytesSent } }

  package func set(_ repository: HubRepository, as id: String) {
    state.withLock { $0.repositories[id] = repository }
  }

  package func rename(_ old: String, to new: String) { state.withLock { $0.renamed[old] = new } }
  package func setTagForm(_ form: TagForm) { state.withLock { $0.tagForm = form } }
  package func setPageSize(_ size: Int) { state.withLock { $0.pageSize = size } }

  /// Makes the next requests whose path holds `part` go wrong, one for each fault.
  package func fail(_ part: String, _ faults: Fault...) {
    state.withLock { state in state.faults += faults.map { (part, $0) } }
  }

  package func forget() {
    state.withLock { state in
      state.requests = []
      state.bytesSent = 0
      state.faults = []
    }
  }

  // MARK: Answers

  private func serve(_ connection: Connection, isStorage: Bool) {
    defer { connection.close() }
    guard let request = connection.readRequest(isStorage: isStorage) else { return }
    let fault = state.withLock { state -> Fault? in
      state.requests.append(request)
      let index = state.faults.firstIndex { request.path.contains($0.part) }
      return index.map { state.faults.remove(at: $0).fault }
    }
    let reply = state.withLock { answer(request, $0) }
    let sent = connection.send(reply, to: request, fault: fault)
    state.withLock { $0.bytesSent += sent }
  }

  private func answer(_ request: Request, _ state: State) -> HubAnswer {
    let path = String(request.path.prefix { $0 != "?" })
    if request.isStorage {
      let name = path.dropFirst("/storage/".count)
      let files = state.repositories.values.flatMap(\.files.values)
      guard let file = files.first(where: { $0.sha256 == name }) else { return HubAnswer(404) }
      return HubAnswer(200, ["ETag": "\"not-the-hubs-2\""], file.content)
    }
    let isAPI = path.hasPrefix("/api/models/")
    let rest = path.dropFirst(isAPI ? "/api/models/".count : 1)
    for (old, new) in state.renamed where rest.hasPrefix(old + "/") {
      return HubAnswer(307, ["Location": (isAPI ? "/api/models/" : "/") + new + rest.dropFirst(old.count)])
    }
    guard let (id, repository) = state.repositories.first(where: { rest.hasPrefix($0.key + "/") }) else {
      return HubAnswer(401, ["X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"])
    }
    let isKnown = request.headers["authorization"] == "Bearer \(HubRepository.token)"
    if repository.isPrivate, !isKnown { return HubAnswer(401, ["X-Error-Code": "RepoNotFound"]) }
    let parts = rest.dropFirst(id.count + 1).split(separator: "/", maxSplits: 2).map {
      $0.removingPercentEncoding ?? ""
    }
    guard parts.count >= 2, repository.names(parts[1]) else {
      return HubAnswer(404, ["X-Error-Code": "RevisionNotFound"])
    }
    switch parts[0] {
    case "revision": return HubAnswer(json: #"{"id": "\#(id)", "sha": "\#(repository.commit)"}"#)
    case "tree": return tree(repository, request.path, state)
    case "resolve" where parts.count == 3:
      if repository.isGated, !isKnown {
        return HubAnswer(
          401, ["X-Error-Code": "GatedRepo", "X-Error-Message": "Access to \(id) is restricted"])
      }
      return file(parts[2], of: repository, state)
    default: return HubAnswer(404)
    }
  }

  private func tree(_ repository: HubRepository, _ path: String, _ state: State) -> HubAnswer {
    let items = repository.files.sorted { $0.key < $1.key }.map { name, file in
      let lfs =
        file.isLarge
        ? #", "lfs": {"oid": "\#(file.sha256)", "size": \#(file.content.count), "pointerSize": 130}"# : ""
      return
        #"{"type": "file", "oid": "\#(file.blob)", "size": \#(file.content.count), "path": "\#(name.replacing("\\", with: "\\\\"))"\#(lfs)}"#
    }
    let start = path.firstMatch(of: /cursor=(\d+)/).flatMap { Int($0.1) } ?? 0
    let page = items.dropFirst(start).prefix(state.pageSize)
    var answer = HubAnswer(json: "[" + page.joined(separator: ",") + "]")
    if start + page.count < items.count {
      // The Hub's own address, even where it is asked through another.
      let base = path.prefix { $0 != "?" }
      answer.headers["Link"] =
        "<https://huggingface.co\(base)?recursive=true&cursor=\(start + page.count)>; rel=\"next\""
    }
    return answer
  }

  private func file(_ name: String, of repository: HubRepository, _ state: State) -> HubAnswer {
    var headers = ["X-Repo-Commit": repository.commit]
    guard let file = repository.files[name] else {
      headers["X-Error-Code"] = "EntryNotFound"
      return HubAnswer(404, headers)
    }
    func tag(_ hash: String) -> String {
      switch state.tagForm {
      case .quoted: "\"\(hash)\""
      case .weak: "W/\"\(hash)\""
      case .bare: hash
      }
    }
    guard file.isLarge else {
      headers["ETag"] = tag(file.blob)
      return HubAnswer(200, headers, file.content)
    }
    headers["X-Linked-Etag"] = tag(file.sha256)
    headers["X-Linked-Size"] = "\(file.content.count)"
    headers["Location"] = "\(storageAddress)/storage/\(file.sha256)?signature=x"
    return HubAnswer(302, headers)
  }
}

/// What a server says when nothing goes wrong.
struct HubAnswer {
  var status: Int
  var headers: [String: String]
  var body: Data

  init(_ status: Int, _ headers: [String: String] = [:], _ body: Data = Data()) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  init(json: String) { self.init(200, ["Content-Type": "application/json"], Data(json.utf8)) }
}
