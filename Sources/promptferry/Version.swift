import CBLAS
import Tensors

extension PromptFerry {
  /// What prompts say of their making.
  static let version = "0.1.0"

  /// What `--version` says: what was built, and what does the arithmetic here.
  static var fullVersion: String {
    let commit = Revision.commit.isEmpty ? "" : " (\(Revision.commit))"
    return """
      promptferry \(version)\(commit)
      BLAS     \(BLAS.description)
      kernels  \(kernelsName)
      """
  }
}
