import ArgumentParser
import PromptTransfer

/// Where verbs that run a model run it, and what they compute it in.
struct ComputingOptions: ParsableArguments {
  @OptionGroup var place: DeviceOptions
  @Option(
    help: ArgumentHelp(
      """
      What a model's products are computed in: f32, bf16 (both operands rounded to 16 bits, sums in 32), or auto: bf16 \
      where the model is stored in 16 bits and the processor has instructions for it (default: f32). On a GPU also f16, \
      and auto, the default there, is f16 for a model that is stored in it, else bf16.
      """, valueName: "precision"))
  var precision: PrecisionChoice?

  var computing: Computing { Computing(device: place.device, precision: precision) }
}

/// Where a model runs.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where models run: auto (a GPU, where there is one and the model fits), cpu, cuda (the first GPU; an experiment takes \
      all), or cuda:N.
      """,
      valueName: "device"))
  var device = DeviceChoice.auto
}

extension PrecisionChoice: ExpressibleByArgument {}

extension DeviceChoice: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public static var allValueStrings: [String] { ["auto", "cpu", "cuda"] }
  public static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

extension LanguageModel {
  /// For results: nil where it is Float32.
  var notedPrecision: Precision? { network.precision == .f32 ? nil : network.precision }
  /// For results: nil where it is this processor.
  var notedDevice: String? { network.deviceName }
}
