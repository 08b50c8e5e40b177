import Formats
import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

extension HubError {
  /// What an answer that is no success means.
  /// - Parameters:
  ///   - body: what it says, or its beginning
  ///   - isHub: whether it is the endpoint that says so, and not a host that it led to
  init(_ answer: Answer, _ body: Data, subject: String, repository: String, hasToken: Bool, isHub: Bool) {
    let said = answer["X-Error-Message"] ?? (try? JSON.parse(body))?["error"]?.string
    let quoted = said.map { ": \($0)" } ?? ""
    let access =
      hasToken
      ? "Check that your token may read it" : "Where it is private, log in (hf auth login) or set HF_TOKEN"
    switch (answer["X-Error-Code"], answer.status) {
    case ("GatedRepo", _):
      self.init(
        .gated, repository, "is gated\(quoted)",
        hint: "Accept its conditions on its page on the Hub"
          + (hasToken ? "" : ", then log in (hf auth login) or set HF_TOKEN"))
    case ("RevisionNotFound", _):
      self.init(.revisionNotFound, repository, "has no such revision", hint: "Check what stands after the @")
    case ("EntryNotFound", _):
      self.init(.fileNotFound, subject, "is not in the repository")
    case (_, 401) where said == "Invalid credentials in Authorization header":
      self.init(
        .forbidden, repository, "the Hub does not know the token", hint: "Log in anew or correct HF_TOKEN")
    case ("RepoNotFound", _),
      (_, 401) where isHub, (_, 404) where isHub:
      self.init(
        .repositoryNotFound, repository, "is not on the Hub, or is private",
        hint: "Check the spelling. \(access)")
    case (_, 403) where isHub:
      self.init(.forbidden, repository, "may not be read\(quoted)", hint: access)
    case (_, 403):
      // A signed address of a storage host that has run out: the Hub will give a new one.
      self.init(
        .serverFailure, subject, "was refused by \(answer.url.host ?? "the storage host")",
        hint: "Try again later",
        isTransient: true)
    case (_, 416):
      self.init(.damaged, subject, "has another length than the Hub says", hint: "Try again later")
    case (_, 429):
      self.init(
        .rateLimited, subject, "the Hub's rate limit is reached",
        hint: (answer.wait.map { "Try again in \($0.components.seconds) s" } ?? "Try again in some minutes")
          + (hasToken ? "" : "; with a token (HF_TOKEN) the limit is higher"),
        isTransient: true, wait: answer.wait)
    case (_, 408), (_, 500), (_, 502...504):
      self.init(
        .serverFailure, subject, "the server failed with status \(answer.status)\(quoted)",
        hint: "Try again later",
        isTransient: true, wait: answer.wait)
    default:
      self.init(
        .serverFailure, subject, "the server answered with status \(answer.status)\(quoted)",
        hint: "Check HF_ENDPOINT")
    }
  }

  /// What a failed connection means.
  /// - Parameter wasReached: whether anything answered before. Without that, a host that is not found or has nobody
  ///   listening is not tried again: most likely there is no network.
  init(unreachable url: URL, _ error: URLError, subject: String, wasReached: Bool) {
    let host = url.host ?? url.absoluteString
    let isAway = [.cannotFindHost, .dnsLookupFailed, .cannotConnectToHost, .notConnectedToInternet]
      .contains(error.code)
    let (problem, hint): (String, String)
    switch error.code {
    case .timedOut: (problem, hint) = ("\(host) did not answer in time", "Check the network and try again")
    case .cannotFindHost, .dnsLookupFailed:
      (problem, hint) = ("the host \(host) is not found", "Check the network and HF_ENDPOINT")
    case .cannotConnectToHost:
      (problem, hint) = ("\(host) cannot be reached", "Check the network and HF_ENDPOINT")
    case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
      .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid:
      (problem, hint) = ("\(host) has no certificate that is trusted here", "Check proxies and the clock")
    default: (problem, hint) = ("the connection to \(host) broke off", "Check the network and try again")
    }
    self.init(
      .unreachable, subject, problem, hint: hint + "; what is in the cache can be used with HF_HUB_OFFLINE=1",
      isTransient: wasReached || !isAway)
  }
}
