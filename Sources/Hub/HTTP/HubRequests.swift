import Formats
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Asks the Hub: addresses, headers, redirects, errors and new attempts. Knows nothing of the cache.
struct HubRequests: Sendable {
  let settings: HubSettings
  let retry: Retry
  let observer: HubObserver
  private let transport = Transport()
  private let history = History()

  static let userAgent = "promptferry/0.1"
  private static let redirectLimit = 10
  /// Bytes that are read of an answer that is no success.
  private static let complaintLimit = 1 << 16

  init(settings: HubSettings, retry: Retry, observer: HubObserver) {
    self.settings = settings
    self.retry = retry
    self.observer = observer
  }

  /// An address below the endpoint, of components that may hold any character.
  func address(_ components: [String], query: String? = nil) -> URL {
    let path = components.map { component in
      component.addingPercentEncoding(withAllowedCharacters: .unreserved) ?? component
    }
    let text =
      settings.endpoint.absoluteString + "/" + path.joined(separator: "/") + (query.map { "?" + $0 } ?? "")
    return URL(string: text) ?? settings.endpoint
  }

  /// An answer in JSON, and its head.
  func json(_ url: URL, _ subject: String, attempts: Int) async throws -> (JSON, Answer) {
    var retry = retry
    retry.attempts = attempts
    return try await retry(note: observer.note) {
      let text = Mutex(Data())
      let answer = try await exchange(
        url, subject, timeout: settings.questionTimeout, accept: { _ in text.withLock { $0 = Data() } },
        receive: { data in
          try text.withLock { text in
            text.append(data)
            if text.count > 64 << 20 { throw notAHub(subject) }
          }
        })
      guard let json = try? JSON.parse(text.withLock { $0 }) else { throw notAHub(subject) }
      return (json, answer)
    }
  }

  /// What answers without the Hub's marks: a portal, a firewall, a mirror that lacks the interface.
  func notAHub(_ subject: String) -> HubError {
    HubError(
      .notAHub, subject,
      "\(URL.withoutCredentials(settings.endpoint.absoluteString)) did not answer as a Hub does",
      hint: "Check HF_ENDPOINT, and whether a proxy, a firewall or a login page stands between")
  }

  /// One request, with its redirects followed by hand: the token goes to the endpoint's own scheme, host and port and
  /// nowhere else.
  ///
  /// Throws `HubError` for any answer but a success.
  /// - Parameters:
  ///   - repository: what is gated or private; the subject when nil
  ///   - accept: looks at the head of a success before its body comes; marks such as `X-Linked-Etag` of an answer that
  ///     led there come first
  ///   - receive: takes the body of a success
  func exchange(
    _ url: URL, _ subject: String, of repository: String? = nil, range: Range<Int>? = nil, timeout: Double,
    accept: @escaping @Sendable (Answer) throws -> Void, receive: @escaping @Sendable (Data) throws -> Void
  ) async throws -> Answer {
    var (url, first) = (url, Answer?.none)
    for _ in 0..<Self.redirectLimit {
      var request = URLRequest(url: url)
      request.timeoutInterval = timeout  // the initializer's is not heeded on Linux
      request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
      request.setValue(Self.userAgent, forHTTPHeaderField: "User-Agent")
      if let range {
        request.setValue("bytes=\(range.lowerBound)-\(range.upperBound - 1)", forHTTPHeaderField: "Range")
      }
      if let token = settings.token, url.origin == settings.endpoint.origin {
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
      }
      let leading = first
      let isSuccess = Mutex(false)
      let complaint = Mutex(Data())
      let answer: Answer
      do {
        answer = try await transport.send(request) { answer in
          // Nobody reads what comes with a redirect.
          if answer.isRedirect { throw Transport.Enough() }
          guard answer.isSuccess else { return }
          if let coding = answer["Content-Encoding"], coding.lowercased() != "identity" {
            throw HubError(
              .notAHub, subject, "was answered in \(coding), which was not asked for",
              hint: "Check whether a proxy changes answers")
          }
          isSuccess.withLock { $0 = true }
          try accept(answer.led(by: leading))
        } body: { data in
          if isSuccess.withLock({ $0 }) { return try receive(data) }
          try complaint.withLock {
            $0.append(data)
            if $0.count > Self.complaintLimit { throw Transport.Enough() }
          }
        }
      } catch let error as URLError {
        try Task.checkCancellation()
        throw HubError(unreachable: url, error, subject: subject, wasReached: history.hasAnswers)
      } catch let error as Transport.TooSlow {
        throw HubError(
          .unreachable, subject, "next to nothing came in \(error.seconds) s",
          hint: "Check the network and HF_ENDPOINT; what is in the cache can be used with HF_HUB_OFFLINE=1")
      }
      history.addAnswer()
      if let warning = answer["X-HF-Warning"], history.isNew(warning) {
        observer.note("The Hub says: \(warning)")
      }
      if answer.isSuccess { return answer.led(by: leading) }
      guard answer.isRedirect else {
        throw HubError(
          answer, complaint.withLock { $0 }, subject: subject, repository: repository ?? subject,
          hasToken: settings.token != nil,
          isHub: url.origin == settings.endpoint.origin)
      }
      url = try target(of: answer, subject)
      first = answer.led(by: leading)
    }
    throw HubError(
      .notAHub, subject, "was redirected more than \(Self.redirectLimit) times", hint: "Check HF_ENDPOINT")
  }

  /// Where a redirect leads. Addresses on the Hub's own host mean the endpoint, where that is another one.
  private func target(of answer: Answer, _ subject: String) throws -> URL {
    let location = local(answer["Location"] ?? "")
    guard let url = URL(string: location, relativeTo: answer.url)?.absoluteURL, url.hasHost,
      url.scheme == "https" || (url.scheme == "http" && answer.url.scheme == "http")
    else {
      throw HubError(
        .notAHub, subject, "was redirected to \(URL.withoutCredentials(location))",
        hint: "Only http(s) is followed")
    }
    return url
  }

  /// The address as the endpoint has it.
  func local(_ address: String) -> String {
    let hub = "https://huggingface.co/"
    guard address.hasPrefix(hub) else { return address }
    return settings.endpoint.absoluteString + "/" + address.dropFirst(hub.count)
  }
}

extension URL {
  /// Whether it names a host, and a port that there can be.
  var hasHost: Bool { host.map { !$0.isEmpty } == true && (1...65_535).contains(port ?? 1) }

  /// An address as it may be shown: without a name and a password before the host.
  static func withoutCredentials(_ address: String) -> String { address.replacing(/[^\/]*@/, with: "") }

  /// Scheme, host and port: what a token belongs to.
  var origin: String {
    let scheme = scheme?.lowercased() ?? ""
    return "\(scheme)://\(host?.lowercased() ?? ""):\(port ?? (scheme == "http" ? 80 : 443))"
  }
}

extension CharacterSet {
  /// What stands for itself in an address.
  fileprivate static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

/// What has come over the network so far.
private final class History: Sendable {
  private let answers = Atomic<Bool>(false)
  private let topics = Mutex<Set<String>>([])

  var hasAnswers: Bool { answers.load(ordering: .relaxed) }
  func addAnswer() { answers.store(true, ordering: .relaxed) }

  /// Whether the Hub had not warned of that topic before.
  func isNew(_ warning: String) -> Bool {
    let topic = warning.split(separator: ";", maxSplits: 1).first.map(String.init) ?? warning
    return topics.withLock { $0.insert(topic).inserted }
  }
}
