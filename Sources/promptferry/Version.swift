import CBLAS
import PromptTransfer
import Tensors

extension PromptFerry {
  static let version = PromptFerryVersion.current

  /// What `--version` says: what was built, and what does the arithmetic here.
  static var fullVersion: String {
    let commit = Revision.commit.isEmpty ? "" : " (\(Revision.commit))"
    return """
      promptferry \(version)\(commit)
      BLAS     \(BLAS.description)\(isBLASBehind ? ", older than this processor: our kernels serve large products" : "")
      kernels  \(kernelsName)
      GPUs     \(DeviceChoice.found.joined(separator: "\n         "))
      """
  }
}
