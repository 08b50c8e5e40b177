import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// The manual page, the completions and the version.
@Suite struct ManualTests {
  /// The page is kept in the repository: it must not lack what the command has. `make manual` writes it anew.
  @Test func thePageHasEveryOption() throws {
    let page = try String(
      contentsOf: Fixtures.repository.appending(path: "share/man/man1/promptferry.1"), encoding: .utf8)
    let outcome = try Command.run(["--experimental-dump-help"])
    let root = try #require(try JSON.parse(Data(outcome.output.utf8))["command"])
    var count = 0
    func check(_ command: JSON) {
      let name = command["commandName"]?.string ?? ""
      for argument in command["arguments"]?.array ?? [] where argument["shouldDisplay"]?.bool == true {
        for option in argument["names"]?.array ?? [] where option["kind"]?.string == "long" {
          let flag = option["name"]?.string ?? ""
          count += 1
          #expect(page.contains(flag), "\(name) --\(flag) is not in the manual: make manual")
        }
      }
      #expect(page.contains(name), "\(name) is not in the manual: make manual")
      for subcommand in command["subcommands"]?.array ?? [] { check(subcommand) }
    }
    check(root)
    #expect(count > 60)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completesVerbsAndOptions(_ shell: String) throws {
    let outcome = try Command.run(["--generate-completion-script", shell])
    #expect(outcome.status == 0)
    for word in ["transfer", "convert", "embeddings-only"] { #expect(outcome.output.contains(word)) }
  }

  /// OpenBLAS made to take the kernels of a processor of 2004: that is said where ours are better.
  @Test(.enabled(if: kernels.panels.width > 8, "no AVX2"))
  func aVersionThatFellBehindIsSaid() throws {
    for (core, isBehind) in [("Prescott", true), ("Haswell", kernels.panels.width > 16)] {
      let outcome = try Command.run(["--version"], environment: ["OPENBLAS_CORETYPE": core])
      #expect(outcome.output.contains("\(core), older than this processor") == isBehind, "\(outcome.output)")
    }
  }

  @Test func theVersionSaysWhatComputes() throws {
    let outcome = try Command.run(["--version"])
    let pattern =
      /promptferry \d+\.\d+\.\d+( \([0-9a-f]{12}\))?\nBLAS     .+\nkernels  (AVX-512( with BF16)?|AVX2|NEON|portable)\nGPUs     .+\n( {9}.+\n)*/
    #expect(try pattern.wholeMatch(in: outcome.output) != nil, "\(outcome.output)")
  }
}
