import Hub
import Testing

@Suite struct HubIDTests {
  @Test(arguments: [
    ("bert-base-cased", "bert-base-cased", "main"),
    ("google-bert/bert-base-cased", "google-bert/bert-base-cased", "main"),
    ("org/name@v1.0", "org/name", "v1.0"),
    ("org/name@refs/pr/1", "org/name", "refs/pr/1"),
    ("org/a_b.c-d@main", "org/a_b.c-d", "main"),
  ])
  func isRead(_ text: String, _ repository: String, _ revision: String) {
    let id = HubID(text)
    #expect(id?.repository == repository && id?.revision == revision)
  }

  @Test(arguments: [
    "", "/", "a/b/c", "./model", "../model", "org/", "/name", "a--b", "a..b", "-a", "a-", ".a", "a.git",
    "org name", "naïve", "org/name@", "org/name@../x", "org/name@a//b", "org/name@.hidden", "org/name@a b",
    "org/name@a:b", "C:\\models", String(repeating: "a", count: 97),
  ])
  func isRefused(_ text: String) { #expect(HubID(text) == nil) }

  @Test(
    arguments: [
      ("hf:org/name", "org/name", nil, "main"), ("hf:org/name/a.gguf", "org/name", "a.gguf", "main"),
      ("org/name/sub/b-Q4_0.GGUF@v1", "org/name", "sub/b-Q4_0.GGUF", "v1"),
    ] as [(String, String, String?, String)])
  func files(_ text: String, _ repository: String, _ file: String?, _ revision: String) {
    let id = HubID(text)
    #expect(id?.repository == repository && id?.file == file && id?.revision == revision)
  }

  @Test(arguments: [
    "hf:", "org/name/../x.gguf", "org/name//x.gguf", "org/name/.x.gguf", "org/name/x.bin", "a--b/c/x.gguf",
  ])
  func noFiles(_ text: String) { #expect(HubID(text) == nil) }

  @Test func saysItself() {
    #expect(HubID("hf:a/b/c.gguf@dev")?.description == "a/b/c.gguf@dev")
    #expect(HubID("a/b@main")?.description == "a/b")
    #expect(HubID("a/b@dev")?.description == "a/b@dev")
  }
}
