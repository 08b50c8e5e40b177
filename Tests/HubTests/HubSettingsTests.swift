import Foundation
import Hub
import TestSupport
import Testing

@Suite struct HubSettingsTests {
  /// Variables and the folders of cache and assets that follow.
  @Test(
    arguments: [
      ([:], "/h/.cache/huggingface/hub", "/h/.cache/huggingface/assets"),
      (["XDG_CACHE_HOME": "/x"], "/x/huggingface/hub", "/x/huggingface/assets"),
      (["HF_HOME": "/y", "XDG_CACHE_HOME": "/x"], "/y/hub", "/y/assets"),
      (["HF_HOME": "~/hf"], "/h/hf/hub", "/h/hf/assets"),
      (["HF_HOME": "$SCRATCH/hf", "SCRATCH": "/s"], "/s/hf/hub", "/s/hf/assets"),
      (["HF_HOME": "${SCRATCH}/hf", "SCRATCH": "/s"], "/s/hf/hub", "/s/hf/assets"),
      (["HF_HOME": ""], "/h/.cache/huggingface/hub", "/h/.cache/huggingface/assets"),
      (["HUGGINGFACE_HUB_CACHE": "/old"], "/old", "/h/.cache/huggingface/assets"),
      (
        ["HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "/new", "HF_ASSETS_CACHE": "/assets"], "/new",
        "/assets"
      ),
    ] as [([String: String], String, String)])
  func folders(_ variables: [String: String], _ cache: String, _ assets: String) throws {
    let settings = try HubSettings(environment: variables.merging(["HOME": "/h"]) { $1 })
    #expect(settings.cache.path == cache)
    #expect(settings.assets.path == assets)
  }

  @Test(
    arguments: [
      ([:], false), (["HF_HUB_OFFLINE": "1"], true), (["HF_HUB_OFFLINE": "Yes"], true),
      (["HF_HUB_OFFLINE": "2"], false), (["TRANSFORMERS_OFFLINE": "true"], true),
      (["HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"], false),
      (["HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": "1"], true),
    ] as [([String: String], Bool)])
  func offline(_ variables: [String: String], _ isOffline: Bool) throws {
    #expect(try HubSettings(environment: variables).isOffline == isOffline)
  }

  @Test func tokens() throws {
    let folder = try TemporaryFolder()
    try folder.write("hf_file\n", to: "token")
    try folder.write("hf_other", to: "elsewhere")
    func token(_ variables: [String: String]) throws -> String? {
      try HubSettings(environment: variables.merging(["HF_HOME": folder.url.path]) { $1 }).token
    }
    #expect(try token([:]) == "hf_file")
    #expect(try token(["HF_TOKEN": " hf_variable\n"]) == "hf_variable")
    #expect(try token(["HF_TOKEN": "  ", "HUGGING_FACE_HUB_TOKEN": "hf_old"]) == "hf_old")
    #expect(try token(["HF_TOKEN_PATH": folder.url.path + "/elsewhere"]) == "hf_other")
    #expect(try token(["HF_TOKEN_PATH": folder.url.path + "/missing"]) == nil)
    #expect(try token(["HF_TOKEN": "hf_x", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]) == nil)
  }

  @Test func endpoints() throws {
    #expect(try HubSettings(environment: [:]).endpoint.absoluteString == "https://huggingface.co")
    let settings = try HubSettings(environment: ["HF_ENDPOINT": "http://mirror:80/hf//"])
    #expect(settings.endpoint.absoluteString == "http://mirror:80/hf")
    let error = try #require(throws: HubError.self) {
      try HubSettings(environment: ["HF_ENDPOINT": "huggingface.co"])
    }
    #expect(error.kind == .settings)
  }

  @Test(
    arguments: ["HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"],
    ["nan", "inf", "-inf", "1e300", "9223372036854775808", "0", "-1", "1e-300", "soon"])
  func waitsThatAreNone(_ name: String, _ value: String) throws {
    let error = try #require(throws: HubError.self) { try HubSettings(environment: [name: value]) }
    #expect(error.kind == .settings && error.subject == name && error.problem.contains(value))
  }

  /// A password in an address is shown to nobody.
  @Test(arguments: [
    "ftp://user:p4ss@host", "user:p4ss@host", "http://user:p4ss@host:99999", "http://user:p4ss@",
  ])
  func addressesThatAreNone(_ address: String) throws {
    let error = try #require(throws: HubError.self) { try HubSettings(environment: ["HF_ENDPOINT": address]) }
    #expect(error.kind == .settings && !"\(error)".contains("p4ss"))
  }
}
