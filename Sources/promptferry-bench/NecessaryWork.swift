import LanguageModels

/// How many floating-point operations the work cannot do without: no padding, no gradients of weights, in the last layer
/// and the head only the row that is read, in the first layer a gradient for the prompt's rows only, and in causal models none
/// before the prompt. Attention's own products and everything elementwise are left out.
enum NecessaryWork {
  static func of(
    _ work: MeasureModel.Work, _ inputs: [PromptedInput], _ shape: ModelConfiguration, candidates: Int
  ) -> Double {
    2
      * inputs.reduce(0) { sum, input in
        switch work {
        case .tune:
          sum + forward(input, shape) + backward(input, shape) + 2 * head(shape, shape.vocabularySize)
        case .evaluate: sum + forward(input, shape) + head(shape, candidates)
        }
      }
  }

  /// Multiplications of the layers' maps, as those that follow.
  private static func forward(_ input: PromptedInput, _ shape: ModelConfiguration) -> Double {
    let tokens = Double(input.elements.count)
    let layer = shape.layerMaps
    return Double(shape.layerCount - 1) * tokens * Double(layer.all)
      + tokens * Double(layer.keyAndValue) + Double(layer.all - layer.keyAndValue)
  }

  private static func backward(_ input: PromptedInput, _ shape: ModelConfiguration) -> Double {
    let vectors = Double(input.elements.count { if case .vector = $0 { true } else { false } })
    let first = input.elements.firstIndex { if case .vector = $0 { true } else { false } }
    let live = Double(input.elements.count - (shape.isCausal ? first ?? input.elements.count : 0))
    let layer = shape.layerMaps
    let last = Double(layer.all - layer.keyAndValue)
    if shape.layerCount == 1 { return vectors * Double(layer.keyAndValue) + last }
    let ofInput = Double(layer.query + layer.keyAndValue)
    return vectors * ofInput + live * (Double(layer.all) - ofInput)
      + Double(shape.layerCount - 2) * live * Double(layer.all)
      + live * Double(layer.keyAndValue) + last
  }

  private static func head(_ shape: ModelConfiguration, _ words: Int) -> Double {
    Double(shape.headMaps) + Double(shape.embeddingWidth * words)
  }
}
