import LanguageModels

/// How many floating-point operations the work cannot do without: no padding, no gradients of weights, in the last layer
/// and the head only the row that is read, in the first layer a gradient for the prompt's rows only. Attention's own
/// products and everything elementwise are left out.
enum NecessaryWork {
  static func of(
    _ work: MeasureModel.Work, _ inputs: [PromptedInput], _ shape: ModelConfiguration, candidates: Int
  ) -> Double {
    switch work {
    case .tune: tuning(inputs, shape)
    case .evaluate: evaluation(inputs, shape, candidates: candidates)
    }
  }

  private static func evaluation(
    _ inputs: [PromptedInput], _ shape: ModelConfiguration, candidates: Int
  ) -> Double {
    inputs.reduce(0) { $0 + forward($1, shape) + head(shape, candidates) }
  }

  private static func tuning(_ inputs: [PromptedInput], _ shape: ModelConfiguration) -> Double {
    inputs.reduce(0) { sum, input in
      let vectors = input.elements.count { if case .vector = $0 { true } else { false } }
      let spared = 2.0 * 3 * Double(input.elements.count - vectors) * square(shape)
      return sum + 2 * forward(input, shape) - spared + 2 * head(shape, shape.vocabularySize)
    }
  }

  private static func square(_ shape: ModelConfiguration) -> Double { Double(shape.width * shape.width) }

  private static func forward(_ input: PromptedInput, _ shape: ModelConfiguration) -> Double {
    let tokens = Double(input.elements.count)
    let inner = 2 * Double(shape.width * shape.innerWidth)
    let layer = 4 * square(shape) + inner
    let last = tokens * 2 * square(shape) + 2 * square(shape) + inner
    return 2 * (Double(shape.layerCount - 1) * tokens * layer + last)
  }

  private static func head(_ shape: ModelConfiguration, _ words: Int) -> Double {
    2 * Double(shape.embeddingWidth) * Double(shape.width + words)
  }
}
