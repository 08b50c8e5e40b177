import Foundation
import Hub
import TestSupport
import Testing

/// The token opens what is private, and no other host ever sees it.
@Suite struct TokenTests {
  private let token = ["HF_TOKEN": HubRepository.token]

  @Test(arguments: [HubPart.model, .embeddings])
  func onlyTheHubSeesIt(_ part: HubPart) async throws {
    let world = try HubWorld()
    try await world.fetch("org/sharded", part, token)
    let requests = world.server.requests
    #expect(requests.contains { $0.isStorage })
    #expect(requests.allSatisfy { ($0.headers["authorization"] != nil) == !$0.isStorage })
  }

  /// Not even where the interface itself leads away, or the next page of a listing is said to be elsewhere.
  @Test func noRedirectTakesItAway() async throws {
    let world = try HubWorld()
    let away = world.server.storageAddress
    world.server.fail("/revision/", .status(307, ["Location": "\(away)/steal"]))
    _ = try? await world.fetch("org/tiny", .model, token)
    let list = "[]"
    world.server.fail("/tree/", .status(302, ["Location": "\(away)/steal/\(list)"]))
    _ = try? await world.fetch("org/tiny", .model, token)
    let stolen = world.server.requests.filter { $0.path.hasPrefix("/steal") }
    #expect(stolen.count == 2)
    #expect(stolen.allSatisfy { $0.headers["authorization"] == nil })
  }

  /// Nor does what listens on another port of the Hub's own host.
  @Test func noOtherPortSeesIt() async throws {
    let world = try HubWorld()
    world.server.fail("/revision/", .status(307, ["Location": "\(world.server.otherPort)/steal"]))
    _ = try? await world.fetch("org/tiny", .model, token)
    let stolen = world.server.requests.filter { $0.path.hasPrefix("/steal") }
    #expect(stolen.count == 1)
    #expect(stolen.allSatisfy { $0.headers["authorization"] == nil })
  }

  @Test func privateAndGated() async throws {
    let world = try HubWorld()
    var hidden = try HubWorld.tiny()
    hidden.isPrivate = true
    world.server.set(hidden, as: "org/hidden")
    var gated = try HubWorld.tiny()
    gated.isGated = true
    world.server.set(gated, as: "org/gated")
    #expect(try await world.failure("org/hidden").kind == .repositoryNotFound)
    #expect(try await world.failure("org/gated").kind == .gated)
    #expect(try world.unfinished().isEmpty)
    try await world.fetch("org/hidden", .model, token)
    try await world.fetch("org/gated", .model, token)
  }
}
