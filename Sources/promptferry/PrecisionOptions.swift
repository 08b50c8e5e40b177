import ArgumentParser
import PromptTransfer

/// What the verbs that run a model compute it in.
struct PrecisionOptions: ParsableArguments {
  @Option(
    help: """
      What a model's products are computed in: f32, bf16 (both operands rounded to 16 bits, sums in 32), or auto: bf16 \
      where the model is stored in 16 bits and the processor has instructions for it.
      """)
  var precision = PrecisionChoice.f32
}

extension PrecisionChoice: ExpressibleByArgument {}

extension LanguageModel {
  /// For results: nil where it is Float32.
  var notedPrecision: Precision? { network.precision == .f32 ? nil : network.precision }
}
