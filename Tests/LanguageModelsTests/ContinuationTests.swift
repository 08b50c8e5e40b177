import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Sequences that go on in several ways.
struct Branches {
  static let models = [
    "gpt2-odd", "llama-grouped", "mistral-window", "gemma3-odd", "gemma2-odd", "neox-odd", "opt-projected",
    "olmo2-odd", "t5-odd", "t5-gated",
  ]

  let paths = [[3, 4, 5], [3, 4, 6, 7], [3, 8], [9], [10, 4, 5]]
  let trunks: [[PromptedInput.Element]] = [
    [.token(7), .vector(0), .token(9), .vector(1), .token(2)],
    [.vector(1), .token(11), .token(12), .token(7), .token(8), .vector(0), .token(3)],
  ]

  /// Of every token of every path, after each trunk.
  func logProbabilities(_ network: some Network, prompt: Matrix) -> [[Float]] {
    let tree = TokenTree(paths.map { Array($0.dropLast()) })
    let inputs = trunks.map {
      PromptedInput(elements: $0, reads: $0.count - 1..<$0.count, continuations: tree)
    }
    let asked = paths.flatMap { path in
      zip([0] + tree.places(of: path.dropLast()).map { $0 + 1 }, path).map {
        PredictedToken(prediction: $0, token: $1)
      }
    }
    return network.logProbabilities(
      of: trunks.map { _ in asked }[...], after: inputs[...], prompt: prompt, Workspace(keepsLayers: false))
  }
}

/// Several continuations of one sequence in one pass, and several predictions of one sequence.
@Suite struct ContinuationTests {
  private func logProbability(_ token: Int, _ logits: [Float]) -> Double {
    -Naive.crossEntropy(logits.wide, labels: [token], columns: logits.count)[0]
  }

  @Test func theTreeSharesWhatPathsBeginWith() {
    let tree = TokenTree([[5, 6, 7], [5], [4], [5, 6, 8], [5, 9], [], [4]])
    #expect(tree.tokens == [4, 5, 6, 7, 8, 9])
    #expect(tree.parents == [-1, -1, 1, 2, 2, 1])
    #expect(tree.places(of: [5, 6, 8]) == [1, 2, 4])
    #expect(tree.places(of: [5, 9, 3]) == [1, 5])
    #expect(tree.places(of: [3]) == [])
    #expect(TokenTree([[], []]).tokens == [])
  }

  /// Rotary positions, learned ones, windows shorter than the sequence, norms everywhere, a decoder: as each continuation alone.
  @Test(arguments: Branches.models)
  func branchesAreAsTheyAreAlone(_ name: String) throws {
    let model = try FrozenModel(folder: Fixtures.model(name))
    let prompt = Samples.matrix(2, model.configuration.embeddingWidth, "prompt", deviation: 0.5)
    let isDecoder = name.hasPrefix("t5")
    let branches = Branches()
    for (trunk, found) in zip(branches.trunks, branches.logProbabilities(model, prompt: prompt)) {
      var expected: [Double] = []
      for path in branches.paths {
        // The tokens of one path as elements; a decoder has none, and gets a tree without branches.
        let alone =
          isDecoder
          ? PromptedInput(
            elements: trunk, reads: trunk.count - 1..<trunk.count,
            continuations: TokenTree([Array(path.dropLast())]))
          : PromptedInput(
            elements: trunk + path.dropLast().map { .token($0) },
            reads: trunk.count - 1..<trunk.count + path.count - 1)
        let logits = model.logits(
          [alone][...], prompt: prompt, candidates: model.allWords, Workspace(keepsLayers: false))
        expected += path.enumerated().map {
          logProbability($1, Array(logits.row($0)))
        }
      }
      expectClose(found, expected, absolute: 2e-5)
      #expect(Set(found).count > 9)
    }
  }

  /// What is asked twice, in another order, or of more predictions than fit one block, is found where it was asked.
  @Test func manyPredictionsAreAnsweredInPlace() throws {
    let model = try FrozenModel(folder: Fixtures.model("bert-odd"))
    let prompt = Matrix(rows: 0, columns: model.configuration.embeddingWidth)
    let inputs = (0..<60).map { index in
      PromptedInput(
        elements: [.token(2), .token(5 + index % 7), .token(4), .token(4), .token(3)], reads: 2..<4)
    }
    let asked = inputs.indices.map { index in
      [1, 0, 1].map { PredictedToken(prediction: $0, token: 6 + (index + $0) % 5) }
    }
    let found = model.logProbabilities(of: asked[...], after: inputs[...], prompt: prompt, Workspace())
    let logits = model.logits(inputs[...], prompt: prompt, candidates: model.allWords, Workspace())
    #expect(logits.rows == 120)
    for (index, own) in asked.enumerated() {
      let expected = own.map {
        logProbability($0.token, Array(logits.row(2 * index + $0.prediction)))
      }
      expectClose(found[index], expected, absolute: 1e-5)
    }
  }

  /// Answers of several tokens after a prompt, against PyTorch: losses and gradient, as continuations and as elements
  /// (scripts/goldens/answers.py).
  @Test(arguments: [("gpt2", true), ("gpt2", false), ("llama", true), ("llama", false), ("t5", true)])
  func answersTeachAsInPyTorch(_ name: String, _ areContinuations: Bool) throws {
    let folder = Fixtures.folder.appending(path: "answers")
    let model = try FrozenModel(
      folder: name == "t5" ? Fixtures.folder.appending(path: "sentinel/t5") : folder.appending(path: name))
    let tensors = try GoldenTensors(folder.appending(path: "golden.safetensors"))
    let prompt = try #require(try tensors.matrix("\(name).prompt"))
    let rows = try #require(try Fixtures.json(folder.appending(path: "golden.json"))["\(name).tune"]?.array)
    let (start, end): ([PromptedInput.Element], [PromptedInput.Element]) =
      switch name {
      case "gpt2": ([.token(0)], [])
      case "llama": ([.token(1)], [])
      default: ([], (rows[0]["end"]?.array ?? []).compactMap { $0.int.map { .token($0) } })
      }
    let facts = rows.map { row in
      (
        trunk: start + (row["left"]?.array ?? []).compactMap { $0.int.map { .token($0) } }
          + (0..<3).map { .vector($0) } + end as [PromptedInput.Element],
        answer: (row["answer"]?.array ?? []).compactMap(\.int)
      )
    }
    let inputs = facts.map { trunk, answer in
      let given = answer.dropLast()
      let first = trunk.count - max(1, end.count)  // of a decoder the sentinel, before what ends the sentence
      return areContinuations
        ? PromptedInput(
          elements: trunk, reads: first..<first + 1, continuations: TokenTree([Array(given)]))
        : PromptedInput(
          elements: trunk + given.map { .token($0) },
          reads: trunk.count - 1..<trunk.count + given.count)
    }
    let group = TaughtGroup(
      inputs: inputs, target: .labels(facts.flatMap(\.answer)), prompt: prompt, scale: 1 / Float(rows.count))
    let result = model.lossesAndGradients([group], candidates: model.allWords, Workspace())[0]
    var losses = result.losses[...]
    let sums = facts.map { fact in
      defer { losses = losses.dropFirst(fact.answer.count) }
      return losses.prefix(fact.answer.count).reduce(0, +)
    }
    expectClose(sums, rows.compactMap { $0["loss"]?.double }, absolute: 2e-5, relative: 2e-6)
    // PyTorch is 3e-5 from itself in Float64, at 3.
    expectClose(
      result.gradient, try #require(try tensors.matrix("\(name).gradient")), absolute: 5e-5)
    #expect(result.gradient.elements.contains { abs($0) > 1e-2 })
  }
}
