import CUDA
import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// The networks for GPUs against transformers, from the embeddings to ten steps of tuning: the kernels that run there, compiled for this
/// processor.
@Suite struct CUDATests {
  @Test(arguments: GoldenTests.cases)
  func ladder(_ name: String) throws {
    let golden = try Golden(Fixtures.model(name))
    let device = EmulatedDevice()
    let model = try CUDAModel(Checkpoint(folder: Fixtures.model(name)), precision: .f32, device: device)
    let layers = model.configuration.layerCount / model.configuration.layersPerGroup
    for (name, worst) in try Ladder(model, golden).comparisons(golden, layerCount: layers) {
      #expect(worst?.isAllowed == true, "\(name): \(worst?.description ?? "another shape")")
    }
    #expect(model.failure == nil)
  }
}
