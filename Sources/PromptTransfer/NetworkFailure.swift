import LanguageModels

extension Network {
  /// Throws where what it runs on has failed, since when its numbers are none.
  /// - Parameter subject: what was being done, or with which model
  func requireDevice(_ subject: String) throws(TransferError) {
    guard let failure else { return }
    throw TransferError(
      subject, "\(failure)", hint: "A smaller --batch needs less memory; --device cpu does without")
  }

  /// What to do where its numbers are not finite.
  /// - Parameter others: where Float16 is not to blame
  func hintForBrokenNumbers(_ others: String) -> String {
    precision == .f16
      ? "Float16 ends at 65,504, which some models pass: --precision bf16 or f32 does not" : others
  }
}
