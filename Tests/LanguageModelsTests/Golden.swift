import Formats
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// What `scripts/goldens/models.py` wrote for one model: see there for what the files hold.
struct Golden {
  let inputs: [PromptedInput]
  let labels: [Int]
  let schedule: LinearSchedule
  let prompt: Matrix  // (P, C)
  /// How far the reference's float32 was from its float64, by the tensor's name.
  let noise: [String: Double]
  private let tensors: GoldenTensors

  init(_ folder: URL) throws {
    let json = try Fixtures.json(folder.appending(path: "golden.json"))
    func integers(_ json: JSON?) throws -> [Int] { try #require(json?.array?.compactMap { $0.int }) }
    let sequences = try #require(json["sequences"]?.array).map { try integers($0) }
    inputs = zip(sequences, try integers(json["read"])).map { sequence, read in
      var slots = 0
      let elements = sequence.map { id -> PromptedInput.Element in
        guard id < 0 else { return .token(id) }
        defer { slots += 1 }
        return .vector(slots)
      }
      return PromptedInput(elements: elements, readPosition: read)
    }
    labels = try integers(json["labels"])
    schedule = LinearSchedule(
      peak: Float(try #require(json["learningRate"]?.double)),
      warmupSteps: try #require(json["schedule"]?["warmupSteps"]?.int),
      totalSteps: try #require(json["schedule"]?["totalSteps"]?.int))
    noise = try #require(json["float64Difference"]?.members).reduce(into: [:]) { noise, member in
      noise[member.key] = member.value.double
    }
    tensors = try GoldenTensors(folder.appending(path: "golden.safetensors"))
    prompt = try #require(try tensors.matrix("prompt"))
  }

  var names: [String] { tensors.names }

  /// Nil where the file leaves the tensor out, as the large models' files do with some.
  func matrix(_ name: String) throws -> Matrix? { try tensors.matrix(name) }

  /// The rows that are read among those of all sequences.
  var readRows: [Int] {
    var start = 0
    return inputs.map { input in
      defer { start += input.elements.count }
      return start + input.readPosition
    }
  }
}

/// One model's answers to a golden's questions, by the golden's names.
struct Ladder {
  private(set) var tensors: [String: Matrix] = [:]

  /// - Parameter steps: whether it is tuned, too
  init(_ model: some Network, _ golden: Golden, steps: Bool = true) {
    let workspace = Workspace()
    let everyWord = model.allWords
    tensors["logits"] = model.logits(
      golden.inputs[...], prompt: golden.prompt, candidates: everyWord, workspace)
    // transformers counts ALBERT's inner layers as one layer.
    let states = workspace.hiddenStates
    tensors["embeddings"] = states[0]
    for index in stride(
      from: model.configuration.layersPerGroup, to: states.count, by: model.configuration.layersPerGroup)
    {
      tensors["layer.\(index / model.configuration.layersPerGroup - 1)"] = states[index]
    }
    tensors["mapped"] = workspace.mappedEmbeddings
    tensors["final"] = workspace.headOutput
    var gradient = Matrix(rows: 0, columns: 0)
    func loss(_ prompt: Matrix) -> Float {
      let losses = model.lossAndGradient(
        golden.inputs[...], labels: golden.labels[...], prompt: prompt, candidates: everyWord,
        scale: 1 / Float(golden.inputs.count), gradient: &gradient, workspace)
      return Float(losses.reduce(0) { $0 + Double($1) } / Double(losses.count))
    }
    tensors["loss"] = Matrix(rows: 1, columns: 1, [loss(golden.prompt)])
    tensors["prompt_gradient"] = gradient
    tensors["loss64"] = tensors["loss"]
    tensors["prompt_gradient64"] = gradient

    guard steps else { return }
    for (prefix, decay) in [("steps", 0), ("steps_decay", 0.1)] as [(String, Float)] {
      var prompt = golden.prompt
      var optimizer = AdamW(parameterCount: prompt.count, weightDecay: decay)
      var (losses, prompts): ([Float], [Float]) = ([], [])
      for step in 0..<golden.schedule.totalSteps {
        losses.append(loss(prompt))
        optimizer.update(&prompt, gradient: gradient, learningRate: golden.schedule.learningRate(at: step))
        prompts += prompt.elements
      }
      tensors["\(prefix).loss"] = Matrix(rows: 1, columns: losses.count, losses)
      tensors["\(prefix).prompt"] = Matrix(
        rows: losses.count * prompt.rows, columns: prompt.columns, prompts)
    }
  }

  /// Two to three times the largest difference seen, since another BLAS sums in another order, and in activations how far the
  /// reference itself was from its float64: up to 2.5e-6 in entries up to 4, and where norms multiply small rows, 7e-6. Of
  /// gradients of up to 0.1 it is 3e-7. Adam divides a gradient by its size, so that the noise of a small entry shows: two
  /// first steps of 3e-3, times its relative noise.
  /// Gradients of the zoo's models have entries up to 3.7 and GPT-2's residual stream up to 30; rounding errors, made on
  /// the way from entries of that size, grow with them.
  static func tolerance(_ name: String, largest: Double, noise: Double) -> Tolerance {
    switch name {
    case "embeddings": Tolerance(absolute: 2e-6, relative: 1e-6)
    case "loss", "loss64", "steps.loss": Tolerance(absolute: 2e-6, relative: 5e-7)
    case "prompt_gradient", "prompt_gradient64":
      Tolerance(absolute: 2e-6 * max(largest, 0.25), relative: 1e-5)
    case "steps.prompt", "steps_decay.prompt": Tolerance(absolute: 5e-6, relative: 1e-6)
    default: Tolerance(absolute: noise + 6e-6 * max(1, largest / 4), relative: 1e-6)  // layers and logits
    }
  }

  /// The golden's tensors that the model disagrees with.
  func disagreements(_ golden: Golden, layerCount: Int) throws -> [(name: String, worst: Difference?)] {
    try comparisons(golden, layerCount: layerCount).filter { !($0.worst?.isAllowed ?? false) }
  }

  func comparisons(_ golden: Golden, layerCount: Int) throws -> [(name: String, worst: Difference?)] {
    try golden.names.filter { $0 != "prompt" }.map { name in
      guard let found = tensors[name], var expected = try golden.matrix(name) else { return (name, nil) }
      // Our last layer makes only the rows that are read, unless a decoder looks at all of them.
      if name == "layer.\(layerCount - 1)", found.rows < expected.rows {
        expected = expected.gathering(golden.readRows)
      }
      guard found.count == expected.count else { return (name, nil) }
      let largest = expected.elements.reduce(0) { max($0, Double(abs($1))) }
      let tolerance = Self.tolerance(name, largest: largest, noise: golden.noise[name] ?? 0)
      return (name, worstDifference(found.elements, expected.elements, tolerance))
    }
  }
}
