import Foundation

/// A file of a repository at one commit, as the Hub lists it.
struct RemoteFile: Sendable {
  /// The repository, and the repository and the file, for people.
  let repository: String
  let subject: String
  let url: URL
  let commit: String
  let size: Int
  let hash: ContentHash
}

extension HubRequests {
  /// Requests bytes of a file, once, and hands them over as they come; fewer may come than were asked for.
  /// - Parameter whole: called before the bytes where the server answers a question for a part with the whole file;
  ///   without it that is an error, and so is an answer that does not say it is of this very file
  func receive(
    _ file: RemoteFile, _ range: Range<Int>, whole: (@Sendable () throws -> Void)? = nil,
    into sink: @escaping @Sendable (Data) throws -> Void
  ) async throws {
    guard !range.isEmpty else { return }
    let isAll = whole != nil && range == 0..<file.size
    _ = try await exchange(
      file.url, file.subject, of: file.repository, range: isAll ? nil : range,
      timeout: settings.downloadTimeout,
      accept: { answer in
        if let other = answer["X-Repo-Commit"], other != file.commit {
          throw HubError(
            .damaged, file.subject, "is of commit \(other), not \(file.commit)", hint: "Try again")
        }
        // Python's client wants it as well: without it there need be no end.
        guard answer["Content-Length"] != nil else {
          throw HubError(
            .damaged, file.subject, "the server does not say how long it is",
            hint: "Check whether a proxy changes answers")
        }
        if isAll { return }
        if answer.status == 200 {
          guard let whole else {
            throw HubError(.rangeIgnored, file.subject, "The server does not send parts of files")
          }
          return try whole()
        }
        guard let found = answer.contentRange, found.bytes == range.lowerBound...range.upperBound - 1,
          found.total ?? file.size == file.size
        else {
          throw HubError(
            .damaged, file.subject, "the server sent other bytes than were asked for",
            hint: "Try again later",
            isTransient: true)
        }
        if whole == nil, let tag = answer.entityTag, tag.count == file.hash.name.count, tag != file.hash.name
        {
          throw HubError(.damaged, file.subject, "is another file than the Hub lists", hint: "Try again")
        }
      }, receive: sink)
  }

  /// Brings a whole file, whatever happens on the way: what has come is kept and continued by range, or begun anew where
  /// the server does not continue, or the whole does not hash to what it should.
  func fill(_ part: PartFile, with file: RemoteFile, _ meter: Meter) async throws {
    try await retry(received: part.count, note: observer.note) {
      do {
        try await receive(
          file, part.count..<file.size, whole: { meter.receive(-(try part.restart())) },
          into: { data in
            try part.append(data)
            meter.receive(data.count)
          })
        guard part.rest == 0 else { throw endedEarly(file, part) }
        guard part.isRight else {
          throw HubError(
            .damaged, file.subject, "does not have the content that the Hub promises",
            hint: "Try again later; a proxy may have changed it", isTransient: true)
        }
      } catch let error as HubError where error.kind == .damaged && error.isTransient {
        meter.receive(-(try part.restart()))
        throw error
      }
    }
  }

  func endedEarly(_ file: RemoteFile, _ part: PartFile) -> HubError {
    HubError(
      .unreachable, file.subject, "the server stopped \(part.rest) bytes before its end",
      hint: "Check the network and try again", isTransient: true)
  }
}
